namespace ConversationHub.Routing;

/// <summary>How one attempt at one target ended (wire.md §12). A closed set.</summary>
public enum AttemptOutcome
{
    Answered,

    /// <summary>Nobody listens on the port.</summary>
    Refused,

    /// <summary>No way to the host.</summary>
    Unreachable,

    /// <summary>The host name does not resolve.</summary>
    Dns,

    ConnectTimeout,

    /// <summary>No trusted TLS connection.</summary>
    Tls,

    /// <summary>The service is not the one the owner named.</summary>
    Identity,

    /// <summary>A status other than 200, told beside it.</summary>
    HttpStatus,

    /// <summary>The connection ended before any reply.</summary>
    Reset,

    /// <summary>The reply broke off.</summary>
    Truncated,

    /// <summary>The reply is not HTTP, not JSON, or too large.</summary>
    Malformed,

    /// <summary>No sign of life while the question was out.</summary>
    Stalled,

    /// <summary>Alive, but the time for this target is spent.</summary>
    Deadline,

    /// <summary>Another service answers there.</summary>
    Impostor,

    /// <summary>An earlier backend's way of telling a failure: 200 with mode <c>error</c>.</summary>
    ErrorMode,

    /// <summary>Another target, asked at the same time, answered first.</summary>
    Abandoned,

    /// <summary>Not asked: its breaker is open.</summary>
    SkippedOpen,

    /// <summary>Not asked: no time was left.</summary>
    SkippedBudget,
}

/// <summary>The spelling of outcomes in results, logs and metrics.</summary>
public static class AttemptOutcomes
{
    public static string ToWire(this AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Answered => "answered",
        AttemptOutcome.Refused => "refused",
        AttemptOutcome.Unreachable => "unreachable",
        AttemptOutcome.Dns => "dns",
        AttemptOutcome.ConnectTimeout => "connect_timeout",
        AttemptOutcome.Tls => "tls",
        AttemptOutcome.Identity => "identity",
        AttemptOutcome.HttpStatus => "http_status",
        AttemptOutcome.Reset => "reset",
        AttemptOutcome.Truncated => "truncated",
        AttemptOutcome.Malformed => "malformed",
        AttemptOutcome.Stalled => "stalled",
        AttemptOutcome.Deadline => "deadline",
        AttemptOutcome.Impostor => "impostor",
        AttemptOutcome.ErrorMode => "error_mode",
        AttemptOutcome.Abandoned => "abandoned",
        AttemptOutcome.SkippedOpen => "skipped_open",
        AttemptOutcome.SkippedBudget => "skipped_budget",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };
}
