using System.Buffers;
using System.Buffers.Binary;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Search;

/// <summary>
/// A search file that is open: it never changes. In memory is the first hash of every block of terms, so that finding one reads one block.
/// Closed, and deleted when it was replaced, once nobody reads it any more. Thread-safe.
/// </summary>
internal sealed class DiskSegment
{
    private const int BlockTerms = 128;
    private const int ReadBytes = 1 << 16;
    private const int BlocksAtOnce = 16;

    /// <summary>Documents of one piece of <see cref="ReadFacts"/>.</summary>
    private const int PieceDocuments = 1 << 12;

    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly ulong[] _firstHashes;
    private int _leases = 1;
    private volatile bool _isReplaced;
    private volatile bool _keepsName;

    private DiskSegment(string path, SafeFileHandle file, SegmentHeader header, ulong[] firstHashes)
    {
        _path = path;
        _file = file;
        Header = header;
        _firstHashes = firstHashes;
    }

    public SegmentHeader Header { get; }

    public int From => Header.From;

    public int To => Header.To;

    /// <summary>Reads what a file says of itself, and checks that and its length only.</summary>
    /// <returns>Null when it is none, is of another version, or its header is damaged.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SegmentHeader? TryReadHeader(string path)
    {
        using var file = ReadOnlyDisk.Instance.Open(path);
        return HeaderOf(file);
    }

    /// <summary>Opens a file and checks all of it but the lists, which are checked when they are read.</summary>
    /// <returns>Null when it is none, is of another version, or is damaged.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static DiskSegment? TryOpen(string path)
    {
        var file = ReadOnlyDisk.Instance.Open(path);
        var opened = false;
        try
        {
            if (HeaderOf(file) is not { } header)
                return null;
            if (!AreFactsSound(file, header) || FirstHashes(file, header) is not { } firstHashes)
                return null;
            opened = true;
            return new DiskSegment(path, file, header, firstHashes);
        }
        finally
        {
            if (!opened)
                file.Dispose();
        }
    }

    /// <summary>Takes second and length of some documents that follow each other.</summary>
    public delegate void FactsTaker(int first, ReadOnlySpan<byte> facts);

    /// <summary>Gives second and length of every document, piece by piece, from the first on.</summary>
    /// <exception cref="IOException">They cannot be read back.</exception>
    public void ReadFacts(FactsTaker take)
    {
        if (!TryReadFacts(_file, Header, take))
            throw new IOException($"{_path} cannot be read back.");
    }

    public TermEntry? Find(ulong term)
    {
        var block = Array.BinarySearch(_firstHashes, term);
        if (block < 0)
            block = ~block - 1;
        if (block < 0)
            return null;
        var first = block * BlockTerms;
        Span<byte> bytes = stackalloc byte[BlockTerms * SegmentHeader.TermBytes];
        bytes = bytes[..(Math.Min(BlockTerms, Header.Terms - first) * SegmentHeader.TermBytes)];
        if (!TryRead(_file, bytes, Header.TermsOffset + ((long)first * SegmentHeader.TermBytes)))
            return null;
        for (; bytes.Length > 0; bytes = bytes[SegmentHeader.TermBytes..])
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) == term)
                return TermEntry.Read(bytes);
        }

        return null;
    }

    /// <summary>All terms, in order.</summary>
    public IEnumerable<TermEntry> Terms()
    {
        var bytes = new byte[BlockTerms * SegmentHeader.TermBytes];
        for (var first = 0; first < Header.Terms; first += BlockTerms)
        {
            var count = Math.Min(BlockTerms, Header.Terms - first);
            if (!TryRead(_file, bytes.AsSpan(0, count * SegmentHeader.TermBytes), Header.TermsOffset + ((long)first * SegmentHeader.TermBytes)))
                throw new IOException($"{_path} cannot be read back.");
            for (var at = 0; at < count; at++)
                yield return TermEntry.Read(bytes.AsSpan(at * SegmentHeader.TermBytes));
        }
    }

    /// <summary>Reads a list.</summary>
    /// <param name="buffer">To be given back to <see cref="ArrayPool{T}.Shared"/>.</param>
    /// <returns>False when its bytes are not those that were written.</returns>
    public bool TryReadList(in TermEntry term, out byte[] buffer)
    {
        buffer = ArrayPool<byte>.Shared.Rent(term.Length);
        return TryRead(_file, buffer.AsSpan(0, term.Length), term.Offset) && ChecksumLine.Checksum(buffer.AsSpan(0, term.Length)) == term.Checksum;
    }

    /// <summary>Reads every list and checks it.</summary>
    public bool IsSound()
    {
        foreach (var term in Terms())
        {
            var isWhole = TryReadList(term, out var buffer);
            ArrayPool<byte>.Shared.Return(buffer);
            if (!isWhole)
                return false;
        }

        return true;
    }

    /// <summary>Keeps the file open until <see cref="Release"/>.</summary>
    /// <returns>False when it is closed already.</returns>
    public bool TryLease()
    {
        while (Volatile.Read(ref _leases) is > 0 and var held)
        {
            if (Interlocked.CompareExchange(ref _leases, held + 1, held) == held)
                return true;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _leases) != 0)
            return;
        _file.Dispose();
        if (_isReplaced && !_keepsName)
            File.Delete(_path);
    }

    /// <summary>The owner's release: another file has this one's documents now.</summary>
    public void Replaced()
    {
        _isReplaced = true;
        Release();
    }

    /// <summary>A new file has taken this one's name, so there is nothing to delete.</summary>
    public void KeepName() => _keepsName = true;

    private static SegmentHeader? HeaderOf(SafeFileHandle file)
    {
        Span<byte> head = stackalloc byte[SegmentHeader.Bytes];
        return TryRead(file, head, 0) && SegmentHeader.TryRead(head) is { } header && header.FileBytes == RandomAccess.GetLength(file) ? header : null;
    }

    private static bool AreFactsSound(SafeFileHandle file, SegmentHeader header)
    {
        var crc = uint.MaxValue;
        return TryReadFacts(file, header, (_, facts) => crc = ChecksumLine.Continue(crc, facts)) && ~crc == header.FactsChecksum;
    }

    private static bool TryReadFacts(SafeFileHandle file, SegmentHeader header, FactsTaker take)
    {
        var piece = new byte[PieceDocuments * SegmentHeader.FactBytes];
        for (var at = 0; at < header.Documents; at += PieceDocuments)
        {
            var facts = piece.AsSpan(0, Math.Min(PieceDocuments, header.Documents - at) * SegmentHeader.FactBytes);
            if (!TryRead(file, facts, SegmentHeader.Bytes + ((long)at * SegmentHeader.FactBytes)))
                return false;
            take(header.From + at, facts);
        }

        return true;
    }

    /// <returns>Null when the terms are not those that were written.</returns>
    private static ulong[]? FirstHashes(SafeFileHandle file, SegmentHeader header)
    {
        var hashes = new ulong[(header.Terms + BlockTerms - 1) / BlockTerms];
        var blocks = new byte[BlocksAtOnce * ChainBytes];
        uint checksum = 0;
        var at = 0;
        for (var left = (long)header.Terms * SegmentHeader.TermBytes; left > 0;)
        {
            var rest = blocks.AsSpan(0, (int)Math.Min(blocks.Length, left));
            if (!TryRead(file, rest, header.FileBytes - left))
                return null;
            for (left -= rest.Length; rest.Length > 0; rest = rest[Math.Min(rest.Length, ChainBytes)..])
            {
                checksum = Chain(checksum, rest[..Math.Min(rest.Length, ChainBytes)]);
                hashes[at++] = BinaryPrimitives.ReadUInt64LittleEndian(rest);
            }
        }

        return checksum == header.TermsChecksum ? hashes : null;
    }

    /// <summary>Checksum of blocks of 128 terms: each is added to that of the one before.</summary>
    public static uint Chain(uint before, ReadOnlySpan<byte> block) => uint.RotateLeft(before, 1) ^ ChecksumLine.Checksum(block);

    /// <summary>Bytes of a full block, by which <see cref="Chain"/> goes.</summary>
    public const int ChainBytes = BlockTerms * SegmentHeader.TermBytes;

    private static bool TryRead(SafeFileHandle file, Span<byte> target, long offset)
    {
        while (target.Length > 0)
        {
            var got = RandomAccess.Read(file, target[..Math.Min(target.Length, ReadBytes)], offset);
            if (got == 0)
                return false;
            target = target[got..];
            offset += got;
        }

        return true;
    }
}
