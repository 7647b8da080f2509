namespace ConversationHub.Contracts;

/// <summary>Header names of wire.md §1.3.</summary>
public static class HeaderNames
{
    public const string ApiKey = "X-API-Key";
    public const string IdempotencyKey = "Idempotency-Key";

    /// <summary>Integer 1–600,000: milliseconds the caller has left.</summary>
    public const string DeadlineMs = "X-Deadline-Ms";

    public const string RequestId = "X-Request-ID";

    /// <summary>W3C Trace Context §3.2.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>W3C Trace Context §3.3.</summary>
    public const string TraceState = "tracestate";
}
