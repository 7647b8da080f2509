using ConversationHub.Store;

namespace Maestra.Backend.Sync;

/// <summary>When the next round with a peer is due (wire.md §9.5). Pure.</summary>
internal static class SyncSchedule
{
    public static readonly TimeSpan PushDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>What a round costs of the rate: in the long run pushes are so far apart.</summary>
    public static readonly TimeSpan RoundCost = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// So many rounds at once cost no waiting. With those of the long run they stay below what a peer takes: 240 requests in 60 s, and 1,024 nonces
    /// in 240 s (wire.md §8, §9.3).
    /// </summary>
    public const int FreeRounds = 36;

    public static readonly TimeSpan RoundLimit = TimeSpan.FromSeconds(30);

    /// <summary>Enough to keep backends apart, and little enough for the ticker to be seen within 5.5 s (decision 47).</summary>
    private const double Jitter = 0.08;

    /// <summary>What peers count is over after a while: long catching up does not delay pushes for ever.</summary>
    private static readonly TimeSpan LargestDebt = TimeSpan.FromSeconds(60);

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
    /// <param name="debt">What the rounds so far cost and time has not paid yet (<see cref="Debt"/>).</param>
    public static TimeSpan Push(TimeSpan debt)
    {
        var wait = debt - (FreeRounds * RoundCost);
        return wait > PushDelay ? wait : PushDelay;
    }

    /// <summary>Time pays for the rounds of the past.</summary>
    /// <param name="debt">When it was last reckoned.</param>
    /// <param name="elapsed">Since then.</param>
    /// <param name="rounds">Begun since then, for whatever reason.</param>
    public static TimeSpan Debt(TimeSpan debt, TimeSpan elapsed, int rounds)
    {
        var left = (debt > elapsed ? debt - elapsed : TimeSpan.Zero) + (rounds * RoundCost);
        return left < LargestDebt ? left : LargestDebt;
    }
}
