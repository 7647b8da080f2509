using Maestra.Backend.Signing;

namespace Maestra.Backend.Sync;

/// <summary>Bodies of the exchange as they go out: compressed where that makes them smaller, which it does from a few hundred bytes on. Pure.</summary>
internal static class SyncBody
{
    /// <summary>Below it there is nothing to be saved.</summary>
    private const int SmallBytes = 160;

    /// <returns>The coding is null where the body goes out as it is.</returns>
    public static (ReadOnlyMemory<byte> Body, string? Coding) Encode(ReadOnlyMemory<byte> plain)
    {
        if (plain.Length <= SmallBytes)
            return (plain, null);
        ReadOnlyMemory<byte> coded = ContentCoding.Encode(plain.Span, ContentCoding.Brotli);
        return coded.Length < plain.Length ? (coded, ContentCoding.Brotli) : (plain, null);
    }
}
