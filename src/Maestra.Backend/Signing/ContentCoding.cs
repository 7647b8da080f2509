using System.IO.Compression;

namespace Maestra.Backend.Signing;

/// <summary>What decoding gave.</summary>
internal enum CodingOutcome
{
    Decoded,

    /// <summary>Decoded it would be larger than allowed; no more than that was decoded.</summary>
    TooLarge,

    /// <summary>Not one of <c>gzip</c>, <c>br</c> and <c>identity</c>, or several on one another.</summary>
    Unknown,

    /// <summary>Not what it says it is.</summary>
    Broken,
}

/// <summary>Content codings between peers (RFC 9110 §8.4): one of <c>gzip</c> and <c>br</c>, or none.</summary>
internal static class ContentCoding
{
    public const string Gzip = "gzip";
    public const string Brotli = "br";
    private const string Identity = "identity";
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Up to here a closer look at a body costs less than a millisecond, and saves a third of it.</summary>
    private const int SmallBytes = 32 * 1024;

    /// <summary>Of 0 to 11; beyond it the time grows by far more than the bytes shrink.</summary>
    private const int SmallQuality = 9;

    /// <summary>Two to this power is more than a small body.</summary>
    private const int SmallWindow = 16;

    /// <param name="coding">Null for none.</param>
    public static CodingOutcome TryDecode(ReadOnlyMemory<byte> sent, string? coding, int maxBytes, out ReadOnlyMemory<byte> body)
    {
        body = default;
        switch (coding)
        {
            case null or Identity:
                body = sent;
                return sent.Length <= maxBytes ? CodingOutcome.Decoded : CodingOutcome.TooLarge;
            case Gzip or Brotli:
                return Decode(sent, coding, maxBytes, ref body);
            default:
                return CodingOutcome.Unknown;
        }
    }

    public static byte[] Encode(ReadOnlySpan<byte> body, string coding)
    {
        if (coding == Brotli && body.Length <= SmallBytes)
        {
            var small = new byte[BrotliEncoder.GetMaxCompressedLength(body.Length)];
            return BrotliEncoder.TryCompress(body, small, out var written, SmallQuality, SmallWindow)
                ? small[..written]
                : throw new InvalidOperationException("The room for the worst case was too small.");
        }

        using var target = new MemoryStream();
        using (Stream encoder = coding == Gzip
            ? new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true)
            : new BrotliStream(target, CompressionLevel.Fastest, leaveOpen: true))
        {
            encoder.Write(body);
        }

        return target.ToArray();
    }

    private static CodingOutcome Decode(ReadOnlyMemory<byte> sent, string coding, int maxBytes, ref ReadOnlyMemory<byte> body)
    {
        using var source = new MemoryStream(sent.ToArray(), writable: false);
        using Stream decoder = coding == Gzip ? new GZipStream(source, CompressionMode.Decompress) : new BrotliStream(source, CompressionMode.Decompress);
        using var target = new MemoryStream();
        var chunk = new byte[ChunkBytes];
        try
        {
            while (decoder.Read(chunk) is > 0 and var read)
            {
                if (target.Length + read > maxBytes)
                    return CodingOutcome.TooLarge;
                target.Write(chunk, 0, read);
            }
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            return CodingOutcome.Broken;
        }

        body = target.GetBuffer().AsMemory(0, (int)target.Length);
        return CodingOutcome.Decoded;
    }
}
