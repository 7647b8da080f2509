using ConversationHub.Store;

namespace Maestra.Backend.Sync;

/// <summary>When the next round with a peer is due (wire.md §9.5). Pure.</summary>
internal static class SyncSchedule
{
    public static readonly TimeSpan PushDelay = TimeSpan.FromMilliseconds(50);
    public static readonly TimeSpan BetweenPushes = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan RoundLimit = TimeSpan.FromSeconds(30);

    /// <summary>Enough to keep backends apart, and little enough for the ticker to be seen within 5.5 s (decision 47).</summary>
    private const double Jitter = 0.08;

    private const int MinBatchOperations = 8;

    private const int MaxHalvings = 16;

    private static readonly int[] BackOffSeconds = [5, 10, 20, 40, 60];

    /// <param name="failures">Rounds that failed in a row.</param>
    /// <param name="share">From 0 to 1, at random.</param>
    public static TimeSpan Wait(TimeSpan interval, int failures, double share)
    {
        var whole = failures == 0 ? interval : TimeSpan.FromSeconds(BackOffSeconds[Math.Min(failures, BackOffSeconds.Length) - 1]);
        return whole * (1 - Jitter + (2 * Jitter * share));
    }

    /// <summary>
    /// How many operations go into a batch. One that did not arrive whole, or could not be taken in time, comes smaller: on a line that is cut again
    /// and again, or at a peer under load, the same large one would fail for ever.
    /// </summary>
    /// <param name="failures">Rounds that failed in a row.</param>
    public static int BatchOperations(int failures) => Math.Max(MinBatchOperations, SyncLimits.BatchOperations >> Math.Min(failures, MaxHalvings));

    /// <summary>How long after a write its push begins.</summary>
    /// <param name="sinceLast">Since the last round began.</param>
    public static TimeSpan Push(TimeSpan sinceLast) => sinceLast + PushDelay >= BetweenPushes ? PushDelay : BetweenPushes - sinceLast;
}
