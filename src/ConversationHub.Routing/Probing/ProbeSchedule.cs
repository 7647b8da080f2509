namespace ConversationHub.Routing;

/// <summary>Decides when an open target is probed next (design.md §4). Pure.</summary>
internal static class ProbeSchedule
{
    /// <summary>While the local backend is down: a refused connect costs 0.1 ms.</summary>
    public static readonly TimeSpan LocalInterval = TimeSpan.FromMilliseconds(400);

    /// <summary>Between two successes that are both needed.</summary>
    public static readonly TimeSpan ConfirmInterval = TimeSpan.FromMilliseconds(50);

    public static readonly TimeSpan CloudFirstInterval = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan CloudMaxInterval = TimeSpan.FromSeconds(30);

    /// <summary>Intervals of the cloud vary by this share in both directions, so that many hubs do not probe together.</summary>
    public const double CloudJitter = 0.2;

    /// <summary>Without a question for this long nothing is probed.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(5);

    private const int MaxDoublings = 5;

    /// <param name="record">Of an open target.</param>
    /// <param name="now">Monotonic.</param>
    /// <param name="jitter">0–1, evenly spread.</param>
    public static TimeSpan NextDelay(BreakerRecord record, TargetName target, TimeSpan now, double jitter)
    {
        var pace = record.State == BreakerState.HalfOpen ? ConfirmInterval
            : target == TargetName.Local ? LocalInterval
            : CloudInterval(record.FailedProbes, jitter);
        var held = record.HeldUntil - now;
        return held > pace ? held : pace;
    }

    private static TimeSpan CloudInterval(int failedProbes, double jitter)
    {
        var doubled = CloudFirstInterval * (1 << Math.Min(failedProbes, MaxDoublings));
        var bounded = doubled < CloudMaxInterval ? doubled : CloudMaxInterval;
        return bounded * (1 + (CloudJitter * ((2 * jitter) - 1)));
    }
}
