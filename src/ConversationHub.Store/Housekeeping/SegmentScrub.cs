using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using ConversationHub.Store.Snapshots;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Housekeeping;

/// <summary>
/// Reads, a piece at a time, the segments that a start from a snapshot did not read, and checks every line: damage is to be known
/// before somebody asks for what it took. It goes on where an earlier run ended (<see cref="ScrubPlace"/>). Used by one thread at a time.
/// </summary>
/// <param name="end">How far the snapshot covers the log; null when all of it was read.</param>
internal sealed class SegmentScrub(
    LogState state, SegmentFiles files, LogFolder folder, IDisk disk, SegmentCover? end, StatusBoard board, ILogger logger)
{
    private int _segment = ScrubPlace.TryRead(folder.Scrub) is { } noted && noted > 0 && noted <= end?.Number ? noted : 1;
    private int _left = end?.Number ?? 0;
    private Progress? _progress;

    public bool IsDone => _left == 0;

    /// <summary>Checks about a mebibyte.</summary>
    /// <returns>True when damage was found: a snapshot must not be started from any more.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public bool CheckNext()
    {
        var (segment, begun, left) = (_segment, _progress, _left);

        // One that cannot be read is told once, and the others are still looked at.
        (_segment, _progress, _left) = (segment == end!.Value.Number ? 1 : segment + 1, null, left - 1);
        if (!File.Exists(folder.Segment(segment)))
            return false;

        // Compaction may have put another file in its place since the last piece.
        var progress = begun is not null && begun.Key == files.CurrentKey(segment)
            ? begun
            : new Progress(files.CurrentKey(segment), new SegmentDamage(SegmentName.Of(segment)));
        var covered = segment == end.Value.Number ? end.Value.Length : long.MaxValue;
        using var file = ReadOnlyDisk.Instance.Open(folder.Segment(segment));
        var before = progress.Lines;
        var next = SegmentScanner.ScanPiece(file, progress.Offset, (line, at, _) =>
        {
            // What lies behind the snapshot was read at the start.
            if (at.Offset >= covered)
                return;
            progress.Lines = before + at.Number;
            if (ChecksumLine.IsIntact(line))
                progress.Damage.Good(at);
            else
                progress.Damage.Bad(at with { Number = progress.Lines });
        });
        if (next > progress.Offset && next < covered)
        {
            progress.Offset = next;
            (_segment, _progress, _left) = (segment, progress, left);
            return false;
        }

        progress.Damage.EndOfOlderSegment(Math.Min(next, covered));
        var isDamaged = Tell(progress);
        Note();
        return isDamaged;
    }

    private void Note()
    {
        try
        {
            ScrubPlace.Write(folder.Scrub, disk, _segment);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A later run looks at this segment once more, and no harm is done.
        }
    }

    private bool Tell(Progress progress)
    {
        foreach (var region in progress.Damage.Regions)
        {
            StoreTelemetry.DamagedRegion(logger, region.Segment, region.Line, region.Offset, region.Length);
            board.FoundDamage($"damaged region of the log at {region}");
        }

        if (progress.Damage.Regions.Count == 0)
            return false;
        lock (state.Gate)
            state.DamagedSegments.Add(progress.Key);
        return true;
    }

    /// <param name="Key">Of the file that is being read.</param>
    private sealed record Progress(int Key, SegmentDamage Damage)
    {
        public long Offset { get; set; }

        public long Lines { get; set; }
    }
}
