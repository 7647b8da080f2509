namespace Maestra.Backend.Metrics;

/// <summary>Names of the instruments and of their labels (wire.md §6).</summary>
internal static class MetricNames
{
    public const string UptimeSeconds = "maestra_uptime_seconds";
    public const string AverageLatencyMs = "maestra_avg_latency_ms";
    public const string ActiveConversations = "maestra_active_conversations";
    public const string TotalRequests = "maestra_total_requests";
    public const string TotalErrors = "maestra_total_errors";
    public const string TotalCostUsd = "maestra_total_cost_usd";
    public const string RequestDurationSeconds = "maestra_request_duration_seconds";
    public const string StoreCommitSeconds = "maestra_store_commit_seconds";
    public const string RateLimited = "maestra_rate_limited_total";
    public const string ProviderRequests = "maestra_provider_requests_total";
    public const string AuditDropped = "maestra_audit_dropped_total";
    public const string SyncRounds = "maestra_sync_rounds_total";
    public const string SyncOperations = "maestra_sync_operations_total";
    public const string SyncBytes = "maestra_sync_bytes_total";
    public const string SyncLagSeconds = "maestra_sync_lag_seconds";
    public const string SyncQuarantined = "maestra_sync_quarantined";

    public const string Route = "route";
    public const string Method = "method";
    public const string Status = "status";
    public const string Partition = "partition";
    public const string Provider = "provider";
    public const string Outcome = "outcome";
    public const string Sink = "sink";
    public const string Peer = "peer";
    public const string Direction = "direction";
}
