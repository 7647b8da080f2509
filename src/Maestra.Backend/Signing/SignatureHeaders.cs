using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Signing;

/// <summary>The four headers of a signed message, well-formed but not yet believed (wire.md §9.3).</summary>
/// <param name="Timestamp">Unix milliseconds, as sent.</param>
internal sealed record SignatureHeaders(string Signer, string Timestamp, string Nonce, string Signature)
{
    public const int NonceBytes = 16;
    private const int MaxSignerCharacters = 128;
    private const int MaxTimestampDigits = 14;

    /// <summary>RSA-2048 gives 256 bytes.</summary>
    private const int SignatureCharacters = 342;

    private static readonly System.Buffers.SearchValues<char> Digits = System.Buffers.SearchValues.Create("0123456789");

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(Timestamp, NumberStyles.None, CultureInfo.InvariantCulture));

    /// <param name="values">The values of a header; none, one or more.</param>
    /// <param name="problem">Which header is wrong and what would be right.</param>
    public static bool TryRead(
        Func<string, IReadOnlyList<string?>> values, [NotNullWhen(true)] out SignatureHeaders? headers, [NotNullWhen(false)] out string? problem)
    {
        headers = null;
        problem = null;
        string? Single(string name, Func<string, bool> fits, string expected, ref string? problem)
        {
            var sent = values(name);
            if (sent is [{ } value] && fits(value))
                return value;
            problem ??= $"Header {name} must be {expected}";
            return null;
        }

        // The id is only looked up: one that could be nobody's is an unknown peer, as earlier ids are (T37).
        var signer = Single(HeaderNames.SignedBackend, static text => text.Length is > 0 and <= MaxSignerCharacters && FreeText.IsName(text, MaxSignerCharacters), "the id of the signing backend", ref problem);
        var timestamp = Single(HeaderNames.SignedTimestamp, static text => text.Length is > 0 and <= MaxTimestampDigits && text[0] != '0' && text.AsSpan().IndexOfAnyExcept(Digits) < 0, "a time in Unix milliseconds", ref problem);
        var nonce = Single(HeaderNames.SignedNonce, static text => text.Length == NonceBytes * 2 && HexText.Is(text), $"{NonceBytes * 2} lower-case hexadecimal digits", ref problem);
        var signature = Single(HeaderNames.Signature, static text => text.Length == SignatureCharacters, $"a signature of {SignatureCharacters} base64url characters", ref problem);
        if (problem is not null)
            return false;
        headers = new SignatureHeaders(signer!, timestamp!, nonce!, signature!);
        return true;
    }
}
