namespace ConversationHub.Routing;

/// <summary>Which backends there are and what the owner allows. Immutable; validated where settings are bound.</summary>
public sealed record RoutingOptions
{
    /// <summary>Base URL of the local backend, loopback or https; null: it is discovered (wire.md §5).</summary>
    public Uri? LocalUrl { get; init; }

    /// <summary>Base URL of the cloud backend, https or loopback; null: there is none.</summary>
    public Uri? CloudUrl { get; init; }

    /// <summary>False: nothing is ever sent to the cloud URL, probes included.</summary>
    public bool FallbackEnabled { get; init; } = true;

    /// <summary>The widest route; a question may narrow it.</summary>
    public Route Route { get; init; } = Route.LocalFirst;

    /// <summary>Sent to the cloud URL and nowhere else.</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// After this delay without an answer the next target is asked as well, and the first good answer wins; null: never.
    /// Off by default, because it sends questions to the cloud that the local backend would have answered.
    /// </summary>
    public TimeSpan? HedgeDelay { get; init; }

    /// <summary>The local backend must prove that it has this id before anything else is sent to it; null: whoever listens is asked.</summary>
    public string? LocalBackendId { get; init; }

    /// <summary>File in which the local backend writes its port, read when <see cref="LocalUrl"/> is null; null: not looked for.</summary>
    public string? PortFile { get; init; }
}
