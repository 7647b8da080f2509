namespace ConversationHub.Routing;

/// <summary>What is remembered of a target to decide about its breaker. Immutable.</summary>
internal sealed record BreakerRecord
{
    public static readonly BreakerRecord New = new();

    public BreakerState State { get; init; } = BreakerState.Closed;

    public int FailuresInARow { get; init; }

    /// <summary>Probes that must still succeed before it closes; 0 while closed.</summary>
    public int SuccessesNeeded { get; init; }

    /// <summary>Probes that failed since it opened; sets their pace.</summary>
    public int FailedProbes { get; init; }

    /// <summary>No probe before this moment.</summary>
    public TimeSpan HeldUntil { get; init; }

    public TimeSpan? OpenedAt { get; init; }

    /// <summary>How often it has opened since the program started.</summary>
    public int TimesOpened { get; init; }

    public BreakerChange? LastChange { get; init; }

    public bool IsOpen => State != BreakerState.Closed;
}

/// <summary>A moment on both clocks: the monotonic one decides, the wall clock is told.</summary>
internal readonly record struct Moment(TimeSpan Monotonic, DateTimeOffset Wall);
