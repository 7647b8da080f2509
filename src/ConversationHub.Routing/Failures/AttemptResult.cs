namespace ConversationHub.Routing;

/// <summary>What one exchange with a backend came to, before anything is concluded from it.</summary>
internal sealed record AttemptResult(AttemptOutcome Outcome)
{
    /// <summary>HTTP status, if there was one.</summary>
    public int? Status { get; init; }

    /// <summary>The backend's problem code.</summary>
    public string? Code { get; init; }

    /// <summary>The backend's words or the network's cause.</summary>
    public string? Detail { get; init; }

    /// <summary>From the <c>Retry-After</c> header.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The body is a problem object with <c>detail</c>, so that a Maestra backend or its like wrote it.</summary>
    public bool IsProblem { get; init; }

    /// <summary>What was asked for is there and does not fit into one reply (<c>WireLimits.ResponseBodyBytes</c>): less of it may.</summary>
    public bool IsTooLarge { get; init; }

    /// <summary>Set exactly when the outcome is <see cref="AttemptOutcome.Answered"/>.</summary>
    public Reply? Reply { get; init; }
}
