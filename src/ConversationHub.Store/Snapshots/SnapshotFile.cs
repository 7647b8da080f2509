using System.Runtime.InteropServices;
using System.Text;
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
        why = Read(file, state.Index, out var segments) ?? Misfit(state.Index, segments);
        return why is null ? segments[^1] : null;
    }

    private static string? Read(SafeFileHandle file, StoreIndex index, out IReadOnlyList<SegmentCover> segments)
    {
        segments = [];
        SnapshotHeader header = default;
        if (!TryRead(file, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref header, 1)), 0))
            return "it is too short";
        if (header.Refusal() is { } refusal)
            return refusal;
        var entryBytes = Marshal.SizeOf<OperationEntry>();
        var checksums = new uint[(header.Entries + OperationTable.ChunkEntries - 1) / OperationTable.ChunkEntries];
        var offset = SnapshotHeader.Bytes + ((long)header.Entries * entryBytes);
        if (!TryRead(file, MemoryMarshal.AsBytes(checksums.AsSpan()), offset)
            || ChecksumLine.Checksum(MemoryMarshal.AsBytes(checksums.AsSpan())) != header.ChunksChecksum)
        {
            return "its checksums are damaged";
        }

        var parts = new byte[header.SmallParts];
        if (!TryRead(file, parts, offset + (checksums.Length * sizeof(uint))) || ChecksumLine.Checksum(parts) != header.SmallChecksum)
            return "its names are damaged";
        var isWhole = true;
        index.Operations.Restore(header.Entries, (chunk, target) =>
        {
            var bytes = MemoryMarshal.AsBytes(target.Span);
            isWhole &= TryRead(file, bytes, SnapshotHeader.Bytes + ((long)chunk * OperationTable.ChunkEntries * entryBytes))
                && ChecksumLine.Checksum(bytes) == checksums[chunk];
        });
        if (!isWhole)
            return "its operations are damaged";
        using var reader = new BinaryReader(new MemoryStream(parts), Encoding.UTF8);
        segments = SmallParts.Read(reader, index);
        return null;
    }

    /// <summary>Looks at every segment's length and at the last line of it that the snapshot knows.</summary>
    private string? Misfit(StoreIndex index, IReadOnlyList<SegmentCover> segments)
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

        var last = new Dictionary<int, int>();
        var before = OperationEntry.None;
        for (var number = 0; number < index.Operations.Count; number++)
        {
            if (before == OperationEntry.None || index.Operations[before].Segment != index.Operations[number].Segment)
                last[index.Operations[number].Segment] = number;
            else
                last[index.Operations[number].Segment] = Later(index, last[index.Operations[number].Segment], number);
            before = number;
        }

        foreach (var (segment, number) in last)
        {
            ref readonly var entry = ref index.Operations[number];
            files.Open(segment);
            if (!files.TryRead(new LineLocation(segment, entry.Offset, entry.Length), out var operation, out _) || operation!.Id != entry.Id)
                return $"{SegmentName.Of(segment)} was written anew, or is damaged";
        }

        return null;
    }

    private static int Later(StoreIndex index, int left, int right) =>
        index.Operations[left].Offset > index.Operations[right].Offset ? left : right;

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
