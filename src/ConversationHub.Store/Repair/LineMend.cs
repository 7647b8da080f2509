using System.Numerics;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Repair;

/// <summary>
/// Finds what a line of the log was before one byte of it changed. CRC-32C is linear: what one changed byte adds to the checksum depends on its value
/// and on its distance to the end alone, so each place has at most one value that explains the checksum that is found. Two changed bytes can look like one
/// at another place, by a chance that grows with the places and the values there are: the bounds below keep it under 1 in 8,000. Pure.
/// </summary>
internal static class LineMend
{
    private const int DigitsOffset = 11;
    private const int DigitCount = 8;

    /// <summary>In lines up to here any one byte may have changed: 2,048 × 255 of 2^32 checksums.</summary>
    private const int AnyByteWithinBytes = 2 << 10;

    /// <summary>In longer ones a single bit of it, up to here: 65,536 × 8. Beyond, nothing is mended but the checksum itself.</summary>
    private const int OneBitWithinBytes = 64 << 10;

    /// <summary>What a byte alone, with nothing after it, adds to a checksum; no two add the same.</summary>
    private static readonly uint[] Added = [.. Enumerable.Range(0, 256).Select(static value => BitOperations.Crc32C(0u, (byte)value))];

    private static readonly Dictionary<uint, byte> ValueOf = Enumerable.Range(0, 256).ToDictionary(static value => Added[value], static value => (byte)value);

    /// <summary>The highest byte of a table entry names the entry: a step over one byte can be taken back.</summary>
    private static readonly byte[] EntryByHighByte = MakeEntryByHighByte();

    /// <param name="line">Without its newline; not intact.</param>
    /// <param name="isLine">Whether bytes with a right checksum are a line at all.</param>
    /// <returns>Null when no single byte explains it, or more than one does.</returns>
    public static byte[]? TryMend(ReadOnlySpan<byte> line, Func<byte[], bool> isLine)
    {
        if (line.Length <= ChecksumLine.PrefixBytes || line.Length > LogLine.MaxBytes)
            return null;
        if (TryMendPrefix(line) is { } withPrefix)
            return isLine(withPrefix) ? withPrefix : null;
        if (line.Length > OneBitWithinBytes || !TryReadDigits(line, out var written))
            return null;
        var takesAnyByte = line.Length <= AnyByteWithinBytes;
        byte[]? mended = null;
        var difference = ChecksumLine.Checksum(line[ChecksumLine.PrefixBytes..]) ^ written;
        for (var at = line.Length - 1; at >= ChecksumLine.PrefixBytes; at--, difference = StepBack(difference))
        {
            if (!ValueOf.TryGetValue(difference, out var change) || !(takesAnyByte || byte.IsPow2(change)))
                continue;
            var candidate = line.ToArray();
            candidate[at] ^= change;
            if (!ChecksumLine.IsIntact(candidate) || !isLine(candidate))
                continue;
            if (mended is not null)
                return null;
            mended = candidate;
        }

        return mended;
    }

    /// <summary>When what is covered is right, one of the 21 bytes before it was changed, a digit of the checksum perhaps.</summary>
    private static byte[]? TryMendPrefix(ReadOnlySpan<byte> line)
    {
        var sealedAnew = line.ToArray();
        ChecksumLine.Seal(sealedAnew);
        var different = 0;
        for (var at = 0; at < ChecksumLine.PrefixBytes; at++)
            different += sealedAnew[at] == line[at] ? 0 : 1;
        return different == 1 ? sealedAnew : null;
    }

    private static bool TryReadDigits(ReadOnlySpan<byte> line, out uint written)
    {
        written = 0;
        foreach (var digit in line.Slice(DigitsOffset, DigitCount))
        {
            if (!char.IsAsciiHexDigitLower((char)digit))
                return false;
            written = (written << 4) | (uint)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
        }

        return true;
    }

    /// <summary>Undoes the step that a checksum takes over one more byte.</summary>
    private static uint StepBack(uint after)
    {
        var entry = EntryByHighByte[after >> 24];
        return ((after ^ Added[entry]) << 8) | entry;
    }

    private static byte[] MakeEntryByHighByte()
    {
        var byHighByte = new byte[256];
        for (var value = 0; value < Added.Length; value++)
            byHighByte[Added[value] >> 24] = (byte)value;
        return byHighByte;
    }
}
