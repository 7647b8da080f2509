using System.Collections.Immutable;

namespace ConversationHub.Routing;

/// <summary>The truth about one question: who answered, and what became of every attempt. Exactly one of <see cref="Reply"/> and <see cref="Error"/> is set.</summary>
public sealed record RoutingResult
{
    public Reply? Reply { get; init; }

    public RoutingError? Error { get; init; }

    /// <summary>By the hub's own knowledge; null: nobody answered.</summary>
    public TargetName? ServedBy { get; init; }

    /// <summary>Not served by the first target of the route, or by one that calls itself degraded.</summary>
    public bool Degraded { get; init; }

    /// <summary>An attempt other than the one that answered (on failure: any) may have run the question.</summary>
    public bool MayHaveRun { get; init; }

    /// <summary>In the order of the route, skipped targets included.</summary>
    public required ImmutableArray<Attempt> Attempts { get; init; }

    public required TimeSpan Elapsed { get; init; }
}
