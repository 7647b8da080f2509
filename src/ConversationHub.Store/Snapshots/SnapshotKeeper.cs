using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// Writes a snapshot when enough was committed since the last one, and at a stop. None is written of a damaged store:
/// that is read whole at every start until it was repaired, so that damage is never forgotten. Used by one thread at a time.
/// </summary>
/// <param name="fewest">Operations between two snapshots at least (<see cref="FewestOperations"/>); a crash harness has it lower.</param>
internal sealed class SnapshotKeeper(
    LogState state, SegmentFiles files, LogFolder folder, IDisk disk, StatusBoard board, int fewest, TimeProvider time, ILogger logger)
{
    /// <summary>A start reads so many operations from the log in little time.</summary>
    public const int FewestOperations = 20_000;

    /// <summary>A snapshot is as large as its store, so a large one is written less often: after an eighth of it was added.</summary>
    private const int ShareOfStore = 8;

    private const int FewestWhileIdle = 1_000;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    private int _covered;

    /// <summary>The store was opened from a snapshot of so many operations.</summary>
    public void Opened(int operations) => _covered = operations;

    public void WriteIfDue()
    {
        if (SnapshotPolicy.IsDue(_covered, Count(), time.GetUtcNow() - (board.Current.LastCommit ?? DateTimeOffset.MaxValue), fewest))
            Write();
    }

    /// <summary>At a stop.</summary>
    public void WriteLast()
    {
        if (Count() != _covered)
            Write();
    }

    /// <summary>To be called before anything that a snapshot tells of the log stops being so, and after an erasure.</summary>
    /// <exception cref="IOException">It may still be there.</exception>
    public void Discard()
    {
        File.Delete(folder.Snapshot);
        disk.FlushFolder(folder.Log);
        _covered = 0;
    }

    private void Write()
    {
        if (board.Current.Health != StoreHealthState.Healthy || HasDamage())
            return;
        var started = time.GetTimestamp();
        try
        {
            if (new SnapshotWriter(state, files, folder, disk).Write() is not var (operations, bytes))
                return;
            _covered = operations;
            StoreTelemetry.SnapshotWritten(logger, operations, bytes, (long)time.GetElapsedTime(started).TotalMilliseconds);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            StoreTelemetry.SnapshotFailed(logger, error.Message);
        }
    }

    private int Count()
    {
        lock (state.Gate)
            return state.Index.Operations.Count;
    }

    private bool HasDamage()
    {
        lock (state.Gate)
            return state.DamagedSegments.Count > 0;
    }

    /// <summary>Decides from numbers alone.</summary>
    internal static class SnapshotPolicy
    {
        /// <param name="covered">Operations in the last snapshot.</param>
        /// <param name="idle">Since the last commit; negative when there was none.</param>
        public static bool IsDue(int covered, int held, TimeSpan idle, int fewest = FewestOperations)
        {
            var added = held - covered;
            return added >= Math.Max(fewest, held / ShareOfStore) || (added >= FewestWhileIdle && idle >= Idle);
        }
    }
}
