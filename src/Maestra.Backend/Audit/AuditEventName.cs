namespace Maestra.Backend.Audit;

/// <summary>Values of <see cref="AuditEvent.Name"/> (wire.md §11).</summary>
internal static class AuditEventName
{
    public const string Startup = "startup";
    public const string Shutdown = "shutdown";
    public const string AuthFailed = "auth_failed";
    public const string RateLimited = "rate_limited";
    public const string CostLimited = "cost_limited";
    public const string ConversationExported = "conversation_exported";
    public const string ConversationErased = "conversation_erased";
    public const string UserExported = "user_exported";
    public const string UserErased = "user_erased";
    public const string PeerInvited = "peer_invited";
    public const string PeerRegistered = "peer_registered";
    public const string PeerRefused = "peer_refused";
    public const string PeerRemoved = "peer_removed";
    public const string SyncRefused = "sync_refused";
    public const string OriginConflict = "origin_conflict";
    public const string StoreDamaged = "store_damaged";
    public const string ImportDone = "import_done";

    /// <summary>A sink, the subject, has lost the records of this chain from <see cref="AuditDetail"/> <c>first</c> to <c>last</c>.</summary>
    public const string RecordsDropped = "records_dropped";
}

/// <summary>Values of <see cref="AuditEvent.Outcome"/>.</summary>
internal static class AuditOutcome
{
    public const string Ok = "ok";
    public const string Refused = "refused";
    public const string Failed = "failed";
}
