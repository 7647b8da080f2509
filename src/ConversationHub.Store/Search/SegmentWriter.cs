using System.Buffers;
using System.Buffers.Binary;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Search;

/// <summary>
/// Writes a search file from lists that come in the order of their terms. Needs memory for the terms and one list, not for the file.
/// </summary>
internal sealed class SegmentWriter : IDisposable
{
    private const int FlushBytes = 1 << 20;

    private readonly IDisk _disk;
    private readonly string _path;
    private readonly int _from;
    private readonly int _to;
    private readonly SafeFileHandle _file;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushBytes);
    private readonly ArrayBufferWriter<byte> _terms = new();
    private readonly uint _factsChecksum;
    private long _written;
    private int _termCount;

    /// <param name="facts">Second and length of every document, as the file has them.</param>
    public SegmentWriter(string path, IDisk disk, int from, int to, ReadOnlySpan<byte> facts)
    {
        _disk = disk;
        _path = path;
        _from = from;
        _to = to;
        _file = disk.Open(path + AtomicFile.TemporarySuffix);
        disk.SetLength(_file, 0);
        _written = SegmentHeader.Bytes;
        _factsChecksum = ChecksumLine.Checksum(facts);
        Put(facts);
    }

    /// <summary>Takes a list, or leaves it away when it is empty.</summary>
    /// <param name="term">Greater than any before.</param>
    public void Add(ulong term, ReadOnlySpan<byte> list, int documents)
    {
        if (documents == 0)
            return;
        var entry = new TermEntry(term, _written + _buffer.WrittenCount, list.Length, documents, ChecksumLine.Checksum(list));
        Put(list);
        entry.Write(_terms.GetSpan(SegmentHeader.TermBytes));
        _terms.Advance(SegmentHeader.TermBytes);
        _termCount++;
    }

    /// <summary>Puts the file under its name.</summary>
    /// <param name="lastId">Operation of the last document.</param>
    public void Finish(Guid lastId)
    {
        var postings = _written + _buffer.WrittenCount - SegmentHeader.Bytes - ((long)(_to - _from) * SegmentHeader.FactBytes);
        uint checksum = 0;
        for (var rest = _terms.WrittenSpan; rest.Length > 0; rest = rest[Math.Min(rest.Length, DiskSegment.ChainBytes)..])
            checksum = DiskSegment.Chain(checksum, rest[..Math.Min(rest.Length, DiskSegment.ChainBytes)]);
        Put(_terms.WrittenSpan);
        WriteOut();
        Span<byte> header = stackalloc byte[SegmentHeader.Bytes];
        new SegmentHeader(_from, _to, lastId, _termCount, postings, _factsChecksum, checksum).Write(header);
        _disk.Write(_file, header, 0);
        _disk.Flush(_file);
        _file.Dispose();
        File.Move(_path + AtomicFile.TemporarySuffix, _path, overwrite: true);
    }

    public void Dispose()
    {
        if (_file.IsClosed)
            return;
        _file.Dispose();
        File.Delete(_path + AtomicFile.TemporarySuffix);
    }

    /// <summary>One document as the file has it.</summary>
    public static void WriteFacts(Span<byte> target, in DocumentFacts facts)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, facts.Second);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], facts.Length);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        if (_buffer.WrittenCount >= FlushBytes)
            WriteOut();
    }

    private void WriteOut()
    {
        _disk.Write(_file, _buffer.WrittenSpan, _written);
        _written += _buffer.WrittenCount;
        _buffer.ResetWrittenCount();
    }
}
