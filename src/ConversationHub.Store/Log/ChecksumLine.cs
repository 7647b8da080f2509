using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Runtime.InteropServices;

namespace ConversationHub.Store.Log;

/// <summary>
/// A JSON object on one line whose first member is the checksum of all the rest (wire.md §10.1):
/// <c>{"crc32c":"xxxxxxxx",</c>, 21 bytes, then the other members and the closing brace, which the CRC-32C covers.
/// </summary>
internal static class ChecksumLine
{
    /// <summary>Bytes before the covered part.</summary>
    public const int PrefixBytes = 21;

    public const byte Newline = (byte)'\n';
    private const int DigitsOffset = 11;
    private const int DigitCount = 8;

    private static ReadOnlySpan<byte> Prefix => "{\"crc32c\":\"00000000\","u8;

    /// <summary>Where to write the JSON object that is to become a line: its opening brace then falls under the prefix's last byte.</summary>
    public const int ObjectOffset = PrefixBytes - 1;

    /// <summary>Puts the prefix before a JSON object that begins at <see cref="ObjectOffset"/>, over its opening brace.</summary>
    /// <param name="line">From the first byte of the prefix to the closing brace.</param>
    public static void Seal(Span<byte> line)
    {
        Prefix.CopyTo(line);
        WriteDigits(line.Slice(DigitsOffset, DigitCount), Checksum(line[PrefixBytes..]));
    }

    /// <summary>True when the line, without its newline, has the exact prefix and the right checksum.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> line)
    {
        if (line.Length <= PrefixBytes || line[^1] != (byte)'}'
            || !line[..DigitsOffset].SequenceEqual(Prefix[..DigitsOffset])
            || !line[(DigitsOffset + DigitCount)..PrefixBytes].SequenceEqual(Prefix[(DigitsOffset + DigitCount)..]))
        {
            return false;
        }

        // Compared as text: a flipped bit that only changes the letter case is damage too.
        Span<byte> digits = stackalloc byte[DigitCount];
        WriteDigits(digits, Checksum(line[PrefixBytes..]));
        return line.Slice(DigitsOffset, DigitCount).SequenceEqual(digits);
    }

    /// <summary>CRC-32C (Castagnoli), as RFC 3720 §12.1 uses it.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes) => ~Continue(uint.MaxValue, bytes);

    /// <summary>The same over bytes that come in pieces.</summary>
    /// <param name="crc">What the piece before gave, or <see cref="uint.MaxValue"/>; the checksum is the complement of what the last one gives.</param>
    public static uint Continue(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (var single in bytes[(bytes.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, single);
        return crc;
    }

    private static void WriteDigits(Span<byte> digits, uint crc) => Utf8Formatter.TryFormat(crc, digits, out _, new('x', DigitCount));
}
