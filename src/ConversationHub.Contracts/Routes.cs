namespace ConversationHub.Contracts;

/// <summary>Paths of the backend.</summary>
public static class Routes
{
    public const string Core = "/api/maestra/core";
    public const string Advisor = "/api/maestra/advisor/ask";
    public const string AdvisorAlias = "/advisor/ask";
    public const string Health = "/health";

    /// <summary>Whether the process is alive; needs no key.</summary>
    public const string HealthLive = "/health/live";

    /// <summary>Whether questions should be sent here; needs no key.</summary>
    public const string HealthReady = "/health/ready";

    public const string Metrics = "/metrics";
    public const string MetricsText = "/metrics/prometheus";
    public const string Conversations = "/conversations";
    public const string Conversation = "/conversations/{id}";
    public const string ConversationSearch = "/conversations/search";
    public const string ConversationExport = "/conversations/{id}/export";
    public const string Users = "/users";
    public const string User = "/users/{user_id}";
    public const string UserExport = "/users/{user_id}/export";
    public const string Identity = "/identity";
    public const string RegisterPeer = "/register-peer";
    public const string Sync = "/sync";
    public const string Peers = "/peers";
    public const string Peer = "/peers/{id}";
}
