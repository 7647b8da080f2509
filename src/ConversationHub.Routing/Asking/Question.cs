using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>One question, ready to be sent: the same bytes and the same operation id go to every target.</summary>
public sealed record Question
{
    public required AskEndpoint Endpoint { get; init; }

    /// <summary>The JSON body, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Sent as <c>Idempotency-Key</c>, so that a backend recognises a repeat.</summary>
    public required OperationId OperationId { get; init; }

    public required RequestId RequestId { get; init; }

    /// <summary>Narrows <see cref="RoutingOptions.Route"/>; null: that route.</summary>
    public Route? Route { get; init; }

    /// <summary>Why <see cref="Route"/> was narrowed, as the second half of a sentence; null: the call asked for it.</summary>
    public string? RouteCause { get; init; }

    /// <summary>
    /// Asked just before each attempt at the cloud: why it may not be asked after all, as the second half of a sentence; null: it may. What is known
    /// of a conversation can change while the local backend is asked. Must not take long, and throws only when it is cancelled.
    /// </summary>
    public Func<CancellationToken, ValueTask<string?>>? WhyKeptLocal { get; init; }

    /// <summary>False: the second backend is asked only when the first has ended, whatever <see cref="RoutingOptions.HedgeDelay"/> says.</summary>
    public bool MayHedge { get; init; } = true;

    /// <summary>Time until an answer or an error must be there, more than zero.</summary>
    public required TimeSpan Budget { get; init; }

    /// <summary>Of the caller, passed on; null: it has none.</summary>
    public TraceContext? Trace { get; init; }

    /// <summary>Told when a target is asked or given up. Called on the router's thread: must not block.</summary>
    public IProgress<RoutingProgress>? Progress { get; init; }
}
