using System.Buffers.Binary;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Search;

/// <summary>
/// The first 64 bytes of a search file, little-endian: magic and version, the documents it covers, the operation of the last one
/// (whose number would be another's had the log been read differently), how many terms, bytes of their lists, checksums.
/// Then come, for each document, second (4 bytes) and length (2); the lists; the terms in order: hash (8), offset (8), bytes (4),
/// documents (4), checksum of the list (4).
/// </summary>
internal readonly record struct SegmentHeader(int From, int To, Guid LastId, int Terms, long PostingBytes, uint FactsChecksum, uint TermsChecksum)
{
    public const int Bytes = 64;
    public const int FactBytes = 6;
    public const int TermBytes = 28;
    private const ulong Magic = 0x31_48_43_52_53_42_55_48; // "HUBSRCH1"
    private const int ChecksumOffset = Bytes - 4;

    public int Documents => To - From;

    public long PostingsOffset => Bytes + ((long)Documents * FactBytes);

    public long TermsOffset => PostingsOffset + PostingBytes;

    public long FileBytes => TermsOffset + ((long)Terms * TermBytes);

    public void Write(Span<byte> target)
    {
        target.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(target, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], From);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], To);
        LastId.TryWriteBytes(target[16..]);
        BinaryPrimitives.WriteInt32LittleEndian(target[32..], Terms);
        BinaryPrimitives.WriteInt64LittleEndian(target[36..], PostingBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(target[44..], FactsChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(target[48..], TermsChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(target[ChecksumOffset..], ChecksumLine.Checksum(target[..ChecksumOffset]));
    }

    /// <returns>Null when these are not the first bytes of a search file of this version.</returns>
    public static SegmentHeader? TryRead(ReadOnlySpan<byte> source)
    {
        if (source.Length < Bytes || BinaryPrimitives.ReadUInt64LittleEndian(source) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]) != ChecksumLine.Checksum(source[..ChecksumOffset]))
        {
            return null;
        }

        return new SegmentHeader(
            BinaryPrimitives.ReadInt32LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[12..]),
            new Guid(source[16..32]),
            BinaryPrimitives.ReadInt32LittleEndian(source[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[36..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[44..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[48..]));
    }
}

/// <summary>One term of a search file.</summary>
/// <param name="Offset">Of its list, from the first byte of the file.</param>
internal readonly record struct TermEntry(ulong Hash, long Offset, int Length, int Documents, uint Checksum)
{
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, Hash);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Offset);
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], Length);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], Documents);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], Checksum);
    }

    public static TermEntry Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(source),
        BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[16..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[20..]),
        BinaryPrimitives.ReadUInt32LittleEndian(source[24..]));
}
