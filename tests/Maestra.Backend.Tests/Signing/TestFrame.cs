using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;

namespace Maestra.Backend.Tests.Signing;

/// <summary>Puts a signed request, whatever was done to it after signing, into a frame (decision 62), byte by byte as docs/sync.md says.</summary>
internal static class TestFrame
{
    public const string MediaType = "application/maestra-frame";

    public static async Task WrapAsync(HttpRequestMessage request)
    {
        var body = await request.Content!.ReadAsByteArrayAsync();
        var coding = string.Join(", ", request.Content.Headers.ContentEncoding) switch { "" => 0, "br" => 1, "gzip" => 2, _ => 3 };
        var signer = Encoding.ASCII.GetBytes(Values(request, "X-Maestra-Backend"));
        var time = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, long.Parse(Values(request, "X-Maestra-Timestamp"), CultureInfo.InvariantCulture));
        byte[] frame =
        [
            1, (byte)coding, (byte)signer.Length, .. signer, .. time, .. Convert.FromHexString(Values(request, "X-Maestra-Nonce")),
            .. Base64Url.DecodeFromChars(Values(request, "X-Maestra-Signature")), .. body,
        ];
        var type = request.Content.Headers.ContentType?.MediaType;
        request.Content = new ByteArrayContent(frame);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type == "application/json" ? MediaType : type!);
        foreach (var name in (string[])["X-Maestra-Backend", "X-Maestra-Timestamp", "X-Maestra-Nonce", "X-Maestra-Signature"])
            request.Headers.Remove(name);
    }

    /// <summary>The parts of a framed response.</summary>
    public static (int Coding, string Signer, string Timestamp, string Nonce, string Signature, byte[] Body) Read(byte[] frame)
    {
        Assert.Equal(1, frame[0]);
        var at = 3 + frame[2];
        return (
            frame[1], Encoding.ASCII.GetString(frame, 3, frame[2]), BinaryPrimitives.ReadInt64BigEndian(frame.AsSpan(at, 8)).ToString(CultureInfo.InvariantCulture),
            Convert.ToHexStringLower(frame.AsSpan(at + 8, 16)), Base64Url.EncodeToString(frame.AsSpan(at + 24, 256)), frame[(at + 280)..]);
    }

    /// <summary>The body in a frame, decoded.</summary>
    public static string Text(byte[] frame)
    {
        var (coding, _, _, _, _, body) = Read(frame);
        using var source = new MemoryStream(body);
        using Stream decoded = coding switch { 0 => source, 1 => new BrotliStream(source, CompressionMode.Decompress), _ => new GZipStream(source, CompressionMode.Decompress) };
        using var reader = new StreamReader(decoded);
        return reader.ReadToEnd();
    }

    private static string Values(HttpRequestMessage request, string name) => request.Headers.TryGetValues(name, out var values) ? string.Concat(values) : "";
}
