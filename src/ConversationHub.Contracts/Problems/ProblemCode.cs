namespace ConversationHub.Contracts;

/// <summary>Values of <see cref="Problem.Code"/>; the statuses they come with are in wire.md §7.</summary>
public static class ProblemCode
{
    public const string InvalidHeader = "invalid_header";
    public const string InvalidApiKey = "invalid_api_key";
    public const string UserMismatch = "user_mismatch";
    public const string HostRefused = "host_refused";
    public const string OriginRefused = "origin_refused";
    public const string NotFound = "not_found";
    public const string ConversationNotFound = "conversation_not_found";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string RequestTimeout = "request_timeout";
    public const string ConversationDamaged = "conversation_damaged";
    public const string ConversationFull = "conversation_full";
    public const string AmbiguousConversation = "ambiguous_conversation";
    public const string ConversationErased = "conversation_erased";
    public const string BodyTooLarge = "body_too_large";
    public const string UriTooLong = "uri_too_long";
    public const string JsonRequired = "json_required";
    public const string InvalidRequest = "invalid_request";
    public const string IdempotencyMismatch = "idempotency_mismatch";
    public const string RateLimited = "rate_limited";
    public const string CostLimitExceeded = "cost_limit_exceeded";
    public const string HeadersTooLarge = "headers_too_large";
    public const string PeerMismatch = "peer_mismatch";
    public const string WrongTarget = "wrong_target";
    public const string ScopeViolation = "scope_violation";
    public const string OriginConflict = "origin_conflict";
    public const string SbtInvalid = "sbt_invalid";
    public const string SbtExpired = "sbt_expired";
    public const string SbtReplayed = "sbt_replayed";
    public const string SbtLegacy = "sbt_legacy";
    public const string PairingCodeInvalid = "pairing_code_invalid";
    public const string SignatureInvalid = "signature_invalid";
    public const string SignatureStale = "signature_stale";
    public const string NonceReplayed = "nonce_replayed";
    public const string PeerUnknown = "peer_unknown";
    public const string PairingRequired = "pairing_required";
    public const string PeerNotFound = "peer_not_found";
    public const string KeyChanged = "key_changed";
    public const string BackendIdMismatch = "backend_id_mismatch";
    public const string IdentityUnavailable = "identity_unavailable";
    public const string InternalError = "internal_error";
    public const string StoreFailed = "store_failed";
    public const string ProviderFailed = "provider_failed";
    public const string StoreUnavailable = "store_unavailable";
    public const string Overloaded = "overloaded";
    public const string ProviderBusy = "provider_busy";
    public const string ShuttingDown = "shutting_down";
    public const string DeadlineExceeded = "deadline_exceeded";
}
