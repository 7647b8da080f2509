using System.Collections.Immutable;

namespace ConversationHub.Routing;

/// <summary>What <c>maestra_health</c> tells (wire.md §12).</summary>
public sealed record HealthSnapshot
{
    /// <summary>
    /// The target that would answer the next question, as far as is known: the first that is fit and not passed over. One before it whose
    /// breaker is closed is asked first all the same. Null: none.
    /// </summary>
    public required TargetName? Active { get; init; }

    /// <summary>Local, then cloud if one is configured.</summary>
    public required ImmutableArray<TargetHealth> Targets { get; init; }

    /// <summary>Of the active target: name to state; empty when there is none.</summary>
    public required ImmutableSortedDictionary<string, string> Dependencies { get; init; }

    public required Route Route { get; init; }

    public required bool FallbackEnabled { get; init; }
}

/// <summary>One target as it is known now.</summary>
public sealed record TargetHealth
{
    public required TargetName Name { get; init; }

    /// <summary>Without user info and query; null while a local backend has not been found.</summary>
    public required string? Url { get; init; }

    public required TargetStatus Status { get; init; }

    public required BreakerState Breaker { get; init; }

    /// <summary>When and why the breaker last changed; null when it never did.</summary>
    public BreakerChange? LastChange { get; init; }

    /// <summary>How often the breaker has opened since the hub started.</summary>
    public int TimesOpened { get; init; }

    /// <summary>Of the health request; null when it was not answered.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Null: never asked.</summary>
    public DateTimeOffset? CheckedAt { get; init; }

    /// <summary>The answer is from an earlier request, at most 30 s old.</summary>
    public bool Cached { get; init; }

    /// <summary>Version of the wire format that the target speaks.</summary>
    public string? Version { get; init; }

    /// <summary>Cause of a bad status, or a remark such as that repeats are not recognised.</summary>
    public string? Detail { get; init; }
}

/// <summary>State of a target.</summary>
public enum TargetStatus
{
    Healthy,
    Degraded,
    Unhealthy,
    Unreachable,
    Impostor,

    /// <summary>The owner's settings leave it out; it is never contacted.</summary>
    Disabled,

    Unknown,
}

/// <summary>State of a target's breaker. While it is open no question touches the target.</summary>
public enum BreakerState
{
    Closed,
    Open,

    /// <summary>A probe has succeeded and another one is needed.</summary>
    HalfOpen,
}

/// <summary>A change of a breaker.</summary>
/// <param name="To">The state it changed to.</param>
/// <param name="At">When.</param>
/// <param name="Cause">Why, in words: an outcome, or <c>probe succeeded</c>.</param>
public sealed record BreakerChange(BreakerState To, DateTimeOffset At, string Cause);

/// <summary>The spelling of states in results.</summary>
public static class HealthNames
{
    public static string ToWire(this TargetStatus status) => status switch
    {
        TargetStatus.Healthy => "healthy",
        TargetStatus.Degraded => "degraded",
        TargetStatus.Unhealthy => "unhealthy",
        TargetStatus.Unreachable => "unreachable",
        TargetStatus.Impostor => "impostor",
        TargetStatus.Disabled => "disabled",
        TargetStatus.Unknown => "unknown",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    public static string ToWire(this BreakerState state) => state switch
    {
        BreakerState.Closed => "closed",
        BreakerState.Open => "open",
        BreakerState.HalfOpen => "half_open",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };
}
