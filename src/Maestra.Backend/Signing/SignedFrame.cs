using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using ConversationHub.Contracts;

namespace Maestra.Backend.Signing;

/// <summary>
/// A signed message in its body alone (decision 62): version, coding, the signer's id with its length, the time in Unix milliseconds, the nonce, the
/// signature, and the body as it was signed. The same four values as <see cref="SignatureHeaders"/>, over the same text, in 513 bytes less. Pure.
/// </summary>
internal static class SignedFrame
{
    public const string MediaType = "application/maestra-frame";

    public const byte Version = 1;
    private const int SignatureBytes = 256;

    /// <summary>In the order of their numbers.</summary>
    private static readonly string?[] Codings = [null, ContentCoding.Brotli, ContentCoding.Gzip];

    /// <param name="coding">Null for identity.</param>
    public static byte[] Write(SignatureHeaders headers, string? coding, ReadOnlySpan<byte> body)
    {
        Span<byte> time = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(time, headers.Time.ToUnixTimeMilliseconds());
        return
        [
            Version, (byte)Array.IndexOf(Codings, coding), (byte)headers.Signer.Length, .. Encoding.ASCII.GetBytes(headers.Signer), .. time,
            .. Convert.FromHexString(headers.Nonce), .. Base64Url.DecodeFromChars(headers.Signature), .. body,
        ];
    }

    /// <param name="coding">Of the body; one that is unknown has a name that nobody knows.</param>
    /// <param name="body">As it was signed.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> frame, [NotNullWhen(true)] out SignatureHeaders? headers, out string? coding, out ReadOnlyMemory<byte> body,
        [NotNullWhen(false)] out string? problem)
    {
        (headers, coding, body) = (null, null, default);
        var bytes = frame.Span;
        problem = "Body must be a frame of version 1";
        if (bytes.Length < 3 || bytes[0] != Version || bytes.Length < 3 + bytes[2] + sizeof(long) + SignatureHeaders.NonceBytes + SignatureBytes)
            return false;
        coding = bytes[1] < Codings.Length ? Codings[bytes[1]] : "unknown";
        var at = 3;
        var signer = Encoding.Latin1.GetString(Take(bytes, ref at, bytes[2]));
        var timestamp = BinaryPrimitives.ReadInt64BigEndian(Take(bytes, ref at, sizeof(long))).ToString(CultureInfo.InvariantCulture);
        var nonce = Convert.ToHexStringLower(Take(bytes, ref at, SignatureHeaders.NonceBytes));
        var signature = Base64Url.EncodeToString(Take(bytes, ref at, SignatureBytes));
        body = frame[at..];
        return SignatureHeaders.TryRead(
            name => [name switch { HeaderNames.SignedBackend => signer, HeaderNames.SignedTimestamp => timestamp, HeaderNames.SignedNonce => nonce, _ => signature }],
            out headers, out problem);
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> bytes, ref int at, int count)
    {
        at += count;
        return bytes.Slice(at - count, count);
    }
}
