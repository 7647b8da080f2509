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

    /// <summary>Signer's backend id (wire.md §9.3).</summary>
    public const string SignedBackend = "X-Maestra-Backend";

    /// <summary>Unix milliseconds.</summary>
    public const string SignedTimestamp = "X-Maestra-Timestamp";

    /// <summary>32 lower-case hexadecimal digits; a response repeats the request's.</summary>
    public const string SignedNonce = "X-Maestra-Nonce";

    /// <summary>Base64url without padding.</summary>
    public const string Signature = "X-Maestra-Signature";

    /// <summary>A new key of the signer, signed with the present one: <c>base64url(DER).base64url(signature)</c>. An addition to wire.md §9.3, sent while a change of keys waits to be confirmed.</summary>
    public const string Successor = "X-Maestra-Successor";
}
