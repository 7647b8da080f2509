using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Body of <c>GET /metrics</c> as JSON (wire.md §6).</summary>
public sealed record MetricsReport
{
    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    [JsonPropertyName("uptime_seconds")]
    public required long UptimeSeconds { get; init; }

    /// <summary>Asks finished.</summary>
    [JsonPropertyName("total_requests")]
    public required long TotalRequests { get; init; }

    /// <summary>Asks finished with a status of 400 or more.</summary>
    [JsonPropertyName("total_errors")]
    public required long TotalErrors { get; init; }

    [JsonPropertyName("avg_latency_ms")]
    public required double AverageLatencyMs { get; init; }

    [JsonPropertyName("total_cost_usd")]
    public required decimal TotalCostUsd { get; init; }

    [JsonPropertyName("active_conversations")]
    public required long ActiveConversations { get; init; }

    [JsonPropertyName("service")]
    public string Service { get; init; } = WireFormat.ServiceName;

    [JsonPropertyName("version")]
    public string Version { get; init; } = WireFormat.Version;

    [JsonPropertyName("cost_today_usd")]
    public required decimal CostTodayUsd { get; init; }

    [JsonPropertyName("cost_month_usd")]
    public required decimal CostMonthUsd { get; init; }

    [JsonPropertyName("rate_limited_total")]
    public required long RateLimitedTotal { get; init; }

    /// <summary>Of the peer furthest behind; null without peers.</summary>
    [JsonPropertyName("sync_lag_seconds")]
    public double? SyncLagSeconds { get; init; }
}
