using System.Collections.Immutable;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>What one <c>GET /health</c> came to.</summary>
internal sealed record HealthAnswer
{
    public required TargetStatus Status { get; init; }

    /// <summary>Any HTTP reply at all: the process is alive.</summary>
    public required bool IsAlive { get; init; }

    /// <summary>Neither an answer nor a refusal came in time.</summary>
    public bool IsSilent { get; init; }

    /// <summary>It said <c>brain_id</c> = <c>maestra</c>; a discovered port counts only then.</summary>
    public bool IsMaestra { get; init; }

    public string? Version { get; init; }

    public string? Detail { get; init; }

    /// <summary>Why whoever is there must not be trusted: it did not prove the identity that the owner named. Null otherwise.</summary>
    public AttemptResult? Distrusted { get; init; }

    public ImmutableSortedDictionary<string, string> Dependencies { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Null when the answer does not list them, as earlier backends do not.</summary>
    public ImmutableArray<string>? Capabilities { get; init; }

    public bool IsFit => Status is TargetStatus.Healthy or TargetStatus.Degraded;

    /// <summary>Replies can be streamed (wire.md §2.1).</summary>
    public bool Streams => Capabilities is { } capabilities && capabilities.Contains(Capability.Stream);

    /// <summary>A repeated operation id is recognised there.</summary>
    public bool RecognisesRepeats => Capabilities is { } capabilities && capabilities.Contains(Capability.Idempotency);
}
