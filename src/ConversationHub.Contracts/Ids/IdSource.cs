using System.Security.Cryptography;

namespace ConversationHub.Contracts;

/// <summary>Makes new ids from a clock and a source of random bytes, so that tests can fix both. Thread-safe.</summary>
/// <param name="time">The clock whose Unix milliseconds go into version 7 ids.</param>
/// <param name="fillRandom">Fills a span with random bytes; the operating system's generator when null, asked for many bytes at once where they make ids.</param>
public sealed class IdSource(TimeProvider time, IdSource.RandomFill? fillRandom = null)
{
    private const int StockBytes = 1024;

    [ThreadStatic]
    private static byte[]? t_stock;

    [ThreadStatic]
    private static int t_left;

    private readonly RandomFill _fillId = fillRandom ?? FillFromStock;
    private readonly RandomFill _fillRandom = fillRandom ?? RandomNumberGenerator.Fill;

    /// <summary>Fills <paramref name="bytes"/> with random bytes. Must be thread-safe.</summary>
    public delegate void RandomFill(Span<byte> bytes);

    /// <summary>A new operation or message id: UUID version 7 (RFC 9562 §5.7).</summary>
    public OperationId NewOperationId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _fillId(bytes);
        var milliseconds = time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < 6; i++)
            bytes[i] = (byte)(milliseconds >> (40 - (8 * i)));
        return new OperationId(Stamp(bytes, version: 7));
    }

    /// <summary>A new request id: UUID version 4 as text.</summary>
    public RequestId NewRequestId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _fillId(bytes);
        return RequestId.Parse(Stamp(bytes, version: 4).ToString());
    }

    /// <summary>Random lower-case hexadecimal digits, two for each byte.</summary>
    /// <param name="byteCount">1–64.</param>
    public string NewHex(int byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(byteCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(byteCount, 64);
        Span<byte> bytes = stackalloc byte[byteCount];
        _fillRandom(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>Of one call of the generator many ids are made: each costs more than the rest of an id. What makes secrets asks it each time.</summary>
    private static void FillFromStock(Span<byte> bytes)
    {
        var stock = t_stock ??= new byte[StockBytes];
        if (t_left < bytes.Length)
        {
            RandomNumberGenerator.Fill(stock);
            t_left = StockBytes;
        }

        var taken = stock.AsSpan(t_left - bytes.Length, bytes.Length);
        taken.CopyTo(bytes);
        t_left -= bytes.Length;
    }

    private static Guid Stamp(Span<byte> bytes, int version)
    {
        bytes[6] = (byte)((bytes[6] & 0x0F) | (version << 4));
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
