using System.Runtime.InteropServices;
using System.Text;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// Writes a snapshot while the store goes on committing. The gate is held for one chunk at a time; chunks that change meanwhile are taken again,
/// and the few that changed last are taken together at one moment, which is the moment of the snapshot.
/// </summary>
internal sealed class SnapshotWriter(LogState state, SegmentFiles files, LogFolder folder, IDisk disk)
{
    /// <summary>So many chunks may be copied while the gate is held: 2 MiB.</summary>
    private const int LastChunks = 8;

    private const int LastBlocks = 64;

    /// <summary>Beyond it more changes than can be followed; it is tried again later.</summary>
    private const int MaxPasses = 20;

    private readonly List<uint> _checksums = [];
    private readonly List<(byte[] Bytes, ushort[] Surfaces)> _blocks = [];
    private readonly OperationEntry[] _chunk = new OperationEntry[OperationTable.ChunkEntries];

    /// <returns>How many operations it has and its length in bytes; null when the store changes too fast, or is empty.</returns>
    /// <exception cref="IOException">There is the old snapshot, or none.</exception>
    public (int Operations, long Bytes)? Write()
    {
        var temporary = folder.Snapshot + AtomicFile.TemporarySuffix;
        try
        {
            long length;
            Moment? moment;
            using (var file = disk.Open(temporary))
            {
                disk.SetLength(file, 0);
                if (!TryFollow(file) || (moment = TakeRest(file)) is null)
                    return null;
                length = Finish(file, moment);
                disk.Flush(file);
            }

            File.Move(temporary, folder.Snapshot, overwrite: true);
            disk.FlushFolder(folder.Log);
            return (moment.Operations, length);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Takes everything, then what changed, until little is left.</summary>
    private bool TryFollow(SafeFileHandle file)
    {
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var changed = 0;
            for (var chunk = 0; TryTakeChunk(chunk, pass == 0, out var count); chunk++)
            {
                if (count == 0)
                    continue;
                WriteChunk(file, chunk, _chunk.AsSpan(0, count));
                changed++;
            }

            var blocks = 0;
            for (var block = 0; TryTakeBlock(block, pass == 0, out var taken); block++)
                blocks += taken ? 1 : 0;
            if (pass > 0 && changed <= LastChunks && blocks <= LastBlocks)
                return true;
        }

        return false;
    }

    /// <param name="count">0 when it did not change.</param>
    /// <returns>False when there is no such chunk.</returns>
    private bool TryTakeChunk(int chunk, bool always, out int count)
    {
        count = 0;
        lock (state.Gate)
        {
            var operations = state.Index.Operations;
            if (chunk >= operations.Chunks)
                return false;
            if (always || operations.IsChanged(chunk))
                count = operations.Take(chunk, _chunk);
            return true;
        }
    }

    private bool TryTakeBlock(int block, bool always, out bool taken)
    {
        taken = false;
        lock (state.Gate)
        {
            var conversations = state.Index.Conversations;
            if (block >= conversations.Blocks)
                return false;
            if (always || conversations.IsChanged(block))
            {
                TakeBlock_NeedsLock(block);
                taken = true;
            }

            return true;
        }
    }

    private void TakeBlock_NeedsLock(int block)
    {
        var conversations = state.Index.Conversations;
        conversations.Take(block);
        var from = block * ConversationTable.BlockEntries;
        var to = Math.Min(conversations.Count, from + ConversationTable.BlockEntries);
        var surfaces = new HashSet<ushort>();
        for (var number = from; number < to; number++)
            surfaces.UnionWith(conversations.SurfacesOf(number));
        var taken = (ConversationBlock.Write(conversations, from, to), surfaces.ToArray());
        if (block < _blocks.Count)
            _blocks[block] = taken;
        else
            _blocks.Add(taken);
    }

    /// <returns>Null when too much changed since the last pass.</returns>
    private Moment? TakeRest(SafeFileHandle file)
    {
        var rest = new List<(int Chunk, OperationEntry[] Entries)>();
        using var small = new MemoryStream();
        OperationEntry last;
        string[] surfaces;
        int operations;
        int conversationCount;
        lock (state.Gate)
        {
            var table = state.Index.Operations;
            operations = table.Count;
            if (operations == 0)
                return null;
            for (var chunk = 0; chunk < table.Chunks; chunk++)
            {
                if (!table.IsChanged(chunk) && chunk < _checksums.Count)
                    continue;
                if (rest.Count == LastChunks)
                    return null;
                var entries = new OperationEntry[OperationTable.ChunkEntries];
                rest.Add((chunk, entries[..table.Take(chunk, entries)]));
            }

            var conversations = state.Index.Conversations;
            for (var block = 0; block < conversations.Blocks; block++)
            {
                if (conversations.IsChanged(block) || block >= _blocks.Count)
                    TakeBlock_NeedsLock(block);
            }

            conversationCount = conversations.Count;
            using var writer = new BinaryWriter(small, Encoding.UTF8, leaveOpen: true);
            SmallParts.WriteIndex(writer, state.Index);
            surfaces = [.. Enumerable.Range(0, state.Index.Surfaces.Count).Select(number => state.Index.Surfaces[number])];
            last = table[operations - 1];
        }

        foreach (var (chunk, entries) in rest)
            WriteChunk(file, chunk, entries);
        return new Moment(operations, conversationCount, new SegmentCover(files[last.Segment].Number, last.Offset + last.Length + 1L), surfaces, small.ToArray());
    }

    private void WriteChunk(SafeFileHandle file, int chunk, Span<OperationEntry> entries)
    {
        foreach (ref var entry in entries)
        {
            // A key is this process's; the number is the file's.
            entry.Segment = files[entry.Segment].Number;
            if ((entry.Flags & EntryFlags.Erased) != 0)
                entry.Surface = 0;
        }

        var bytes = MemoryMarshal.AsBytes(entries);
        disk.Write(file, bytes, SnapshotLayout.ChunkOffset(chunk));
        if (chunk == _checksums.Count)
            _checksums.Add(0);
        _checksums[chunk] = ChecksumLine.Checksum(bytes);
    }

    private long Finish(SafeFileHandle file, Moment moment)
    {
        using var small = new MemoryStream();
        using (var writer = new BinaryWriter(small, Encoding.UTF8, leaveOpen: true))
        {
            SmallParts.WriteSegments(writer, Cover(moment.End));
            SmallParts.WriteSurfaces(writer, moment.Surfaces, _blocks.SelectMany(static block => block.Surfaces).ToHashSet());
            writer.Write(moment.Index);
        }

        var layout = new SnapshotLayout(moment.Operations, moment.Conversations);
        var directory = new byte[layout.DirectoryBytes];
        CollectionsMarshal.AsSpan(_checksums).CopyTo(layout.ChunkChecksums(directory));
        var parts = small.GetBuffer().AsSpan(0, (int)small.Length);
        var offset = layout.SmallPartsOffset;
        disk.Write(file, parts, offset);
        offset += parts.Length;
        for (var block = 0; block < _blocks.Count; block++)
        {
            var bytes = _blocks[block].Bytes;
            layout.SavedBlocks(directory)[block] = new SavedBlock(bytes.Length, ChecksumLine.Checksum(bytes));
            disk.Write(file, bytes, offset);
            offset += bytes.Length;
        }

        disk.Write(file, directory, layout.DirectoryOffset);
        var header = SnapshotHeader.Create(
            moment.Operations, moment.Conversations, parts.Length, ChecksumLine.Checksum(parts), ChecksumLine.Checksum(directory));
        disk.Write(file, MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref header, 1)), 0);
        return offset;
    }

    private List<SegmentCover> Cover(SegmentCover end) =>
    [
        .. folder.ListSegments().Where(number => number < end.Number)
            .Select(number => new SegmentCover(number, new FileInfo(folder.Segment(number)).Length)),
        end,
    ];

    /// <summary>What was taken at once.</summary>
    /// <param name="End">Behind the last operation.</param>
    private sealed record Moment(int Operations, int Conversations, SegmentCover End, string[] Surfaces, byte[] Index);
}
