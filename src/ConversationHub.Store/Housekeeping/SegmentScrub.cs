using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using ConversationHub.Store.Snapshots;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Housekeeping;

/// <summary>
/// Reads, at its own pace, the segments that a start from a snapshot did not read, and checks every line: damage is to be known
/// before somebody asks for what it took. Used by one thread at a time.
/// </summary>
/// <param name="end">How far the snapshot covers the log; null when all of it was read.</param>
internal sealed class SegmentScrub(LogState state, SegmentFiles files, LogFolder folder, SegmentCover? end, StatusBoard board, ILogger logger)
{
    private int _next = 1;

    public bool IsDone => end is null || _next > end.Value.Number;

    /// <summary>Checks one segment.</summary>
    /// <returns>True when damage was found: a snapshot must not be started from any more.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public bool CheckNext()
    {
        var covered = end!.Value;
        var number = _next++;
        if (!File.Exists(folder.Segment(number)))
            return false;
        var damage = new SegmentDamage(SegmentName.Of(number));
        using var file = ReadOnlyDisk.Instance.Open(folder.Segment(number));
        SegmentScanner.Scan(file, 0, (line, at, _) =>
        {
            // What lies behind the snapshot was read at the start.
            if (number == covered.Number && at.Offset >= covered.Length)
                return;
            if (ChecksumLine.IsIntact(line))
                damage.Good(at);
            else
                damage.Bad(at);
        });
        damage.EndOfOlderSegment(number == covered.Number ? covered.Length : RandomAccess.GetLength(file));
        foreach (var region in damage.Regions)
        {
            StoreTelemetry.DamagedRegion(logger, region.Segment, region.Line, region.Offset, region.Length);
            board.FoundDamage($"damaged region of the log at {region}");
        }

        if (damage.Regions.Count == 0)
            return false;
        lock (state.Gate)
            state.DamagedSegments.Add(files.CurrentKey(number));
        return true;
    }
}
