using System.Runtime.InteropServices;
using System.Text;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// Reads the snapshot, so that a start needs only the tail of the log. It is a copy of what the log says: when it is absent, damaged,
/// of another version, or does not fit the segments, the log is read instead.
/// </summary>
internal sealed class SnapshotFile(LogFolder folder, SegmentFiles files)
{
    /// <param name="state">Empty; when null is returned it is not to be used any more.</param>
    /// <param name="why">Null when there is no snapshot.</param>
    /// <returns>Where the tail of the log begins.</returns>
    /// <exception cref="IOException">The disk cannot be read.</exception>
    public SegmentCover? TryRead(LogState state, out string? why)
    {
        why = null;
        if (!File.Exists(folder.Snapshot))
            return null;
        using var file = ReadOnlyDisk.Instance.Open(folder.Snapshot);
        why = Read(file, state.Index, out var segments, out var clock);
        if (why is not null)
            return null;
        string? misfit = null;
        AtOnce.Run(
            () => state.Index.Restore(clock),
            () =>
            {
                state.Index.Operations.PlaceRestored();
                state.Quarantine.Rebuild(state.Index.Operations);
                misfit = Misfit(state.Index.Operations, segments);
            });
        why = misfit;
        return why is null ? segments[^1] : null;
    }

    private static string? Read(SafeFileHandle file, StoreIndex index, out IReadOnlyList<SegmentCover> segments, out HybridTimestamp clock)
    {
        segments = [];
        clock = default;
        SnapshotHeader header = default;
        if (!TryRead(file, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref header, 1)), 0))
            return "it is too short";
        if (header.Refusal() is { } refusal)
            return refusal;
        var layout = new SnapshotLayout(header.Entries, header.Conversations);
        var directory = new byte[layout.DirectoryBytes];
        if (!TryRead(file, directory, layout.DirectoryOffset) || ChecksumLine.Checksum(directory) != header.DirectoryChecksum)
            return "its checksums are damaged";
        var parts = new byte[header.SmallParts];
        if (!TryRead(file, parts, layout.SmallPartsOffset) || ChecksumLine.Checksum(parts) != header.SmallChecksum)
            return "its names are damaged";
        using (var reader = new BinaryReader(new MemoryStream(parts), Encoding.UTF8))
            segments = SmallParts.Read(reader, index, out clock);
        var (operations, conversations) = (false, false);
        AtOnce.Run(
            () => operations = index.Operations.TryRestore(header.Entries, (chunk, target) => TryReadChunk(file, layout, directory, chunk, target)),
            () => conversations = TryReadConversations(file, layout, directory, layout.SmallPartsOffset + parts.Length, index.Conversations));
        return !operations ? "its operations are damaged" : !conversations ? "its conversations are damaged" : null;
    }

    private static bool TryReadChunk(SafeFileHandle file, SnapshotLayout layout, byte[] directory, int chunk, Span<OperationEntry> target)
    {
        var bytes = MemoryMarshal.AsBytes(target);
        return TryRead(file, bytes, SnapshotLayout.ChunkOffset(chunk)) && ChecksumLine.Checksum(bytes) == layout.ChunkChecksums(directory)[chunk];
    }

    private static bool TryReadConversations(SafeFileHandle file, SnapshotLayout layout, byte[] directory, long offset, ConversationTable conversations)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var buffer = Array.Empty<byte>();
        conversations.Reserve(layout.Conversations);
        foreach (var block in layout.SavedBlocks(directory))
        {
            if (buffer.Length < block.Bytes)
                buffer = new byte[Math.Max(block.Bytes, 2 * buffer.Length)];
            var bytes = buffer.AsSpan(0, block.Bytes);
            if (!TryRead(file, bytes, offset) || ChecksumLine.Checksum(bytes) != block.Checksum)
                return false;
            ConversationBlock.Read(
                bytes, Math.Min(ConversationTable.BlockEntries, layout.Conversations - conversations.Count), conversations, names);
            offset += block.Bytes;
        }

        return true;
    }

    /// <summary>Looks at every segment's length and at the last line of it that the snapshot knows.</summary>
    private string? Misfit(OperationTable operations, IReadOnlyList<SegmentCover> segments)
    {
        var there = folder.ListSegments();
        if (!there.Where(number => number <= segments[^1].Number).SequenceEqual(segments.Select(static one => one.Number)))
            return "segments of the log are missing or were added";
        foreach (var segment in segments)
        {
            var length = new FileInfo(folder.Segment(segment.Number)).Length;
            if (length < segment.Length || (length > segment.Length && segment != segments[^1]))
                return $"{SegmentName.Of(segment.Number)} has {length} bytes where {segment.Length} are known";
        }

        // The operations of a segment mostly stand together.
        var last = new Dictionary<int, int>();
        var latest = OperationEntry.None;
        for (var number = 0; number < operations.Count; number++)
        {
            var segment = operations[number].Segment;
            if (latest == OperationEntry.None || operations[latest].Segment != segment)
            {
                Note(latest);
                latest = last.GetValueOrDefault(segment, number);
            }

            if (operations[number].Offset > operations[latest].Offset)
                latest = number;
        }

        Note(latest);
        foreach (var (segment, number) in last)
        {
            ref readonly var entry = ref operations[number];
            files.Open(segment);
            if (!files.TryRead(new LineLocation(segment, entry.Offset, entry.Length), out var operation, out _) || operation!.Id != entry.Id)
                return $"{SegmentName.Of(segment)} was written anew, or is damaged";
        }

        return null;

        void Note(int number)
        {
            if (number != OperationEntry.None)
                last[operations[number].Segment] = number;
        }
    }

    private static bool TryRead(SafeFileHandle file, Span<byte> target, long offset)
    {
        while (target.Length > 0)
        {
            var got = RandomAccess.Read(file, target, offset);
            if (got == 0)
                return false;
            target = target[got..];
            offset += got;
        }

        return true;
    }
}
