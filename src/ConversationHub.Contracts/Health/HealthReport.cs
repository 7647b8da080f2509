using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Body of <c>GET /health</c> (wire.md §5).</summary>
public sealed record HealthReport
{
    /// <summary>One of <see cref="HealthStatus"/>.</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("service")]
    public string Service { get; init; } = WireFormat.ServiceName;

    [JsonPropertyName("version")]
    public string Version { get; init; } = WireFormat.Version;

    [JsonPropertyName("brain_id")]
    public string BrainId { get; init; } = WireFormat.BrainId;

    /// <summary>Since the process started.</summary>
    [JsonPropertyName("uptime_seconds")]
    public required long UptimeSeconds { get; init; }

    /// <summary>The port really bound.</summary>
    [JsonPropertyName("port")]
    public required int Port { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Name to one of <see cref="DependencyStatus"/>.</summary>
    [JsonPropertyName("dependencies")]
    public required IReadOnlyDictionary<string, string> Dependencies { get; init; }

    /// <summary><c>local</c> or <c>cloud</c>.</summary>
    [JsonPropertyName("mode")]
    public required string Mode { get; init; }

    /// <summary>Null until the key is loaded.</summary>
    [JsonPropertyName("backend_id")]
    public string? BackendId { get; init; }

    /// <summary>Program version.</summary>
    [JsonPropertyName("build")]
    public required string Build { get; init; }

    /// <summary>Those of <see cref="Capability"/> that are on.</summary>
    [JsonPropertyName("capabilities")]
    public required IReadOnlyList<string> Capabilities { get; init; }

    [JsonPropertyName("store")]
    public required StoreHealth Store { get; init; }

    /// <summary>The peers that this backend calls; null where there are none, and in cloud mode without a key.</summary>
    [JsonPropertyName("peers")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PeerHealth>? Peers { get; init; }
}

/// <summary>How the exchange with one peer goes.</summary>
public sealed record PeerHealth
{
    [JsonPropertyName("backend_id")]
    public required string BackendId { get; init; }

    /// <summary>One of <see cref="PeerSyncState"/>.</summary>
    [JsonPropertyName("state")]
    public required string State { get; init; }

    /// <summary>Since both sides last held the same.</summary>
    [JsonPropertyName("lag_seconds")]
    public required double LagSeconds { get; init; }

    /// <summary>What a peer that answers 429 has asked for.</summary>
    [JsonPropertyName("retry_after_seconds")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>Values of <see cref="PeerHealth.State"/>.</summary>
public static class PeerSyncState
{
    /// <summary>No round has ended yet.</summary>
    public const string New = "new";
    public const string Agreed = "agreed";

    /// <summary>It holds something that is lacked here.</summary>
    public const string Behind = "behind";

    /// <summary>It answers 429.</summary>
    public const string Limited = "limited";
    public const string Failing = "failing";
}

/// <summary>State of the store in a health report.</summary>
public sealed record StoreHealth
{
    /// <summary><c>log</c> or <c>postgres</c>.</summary>
    [JsonPropertyName("kind")]
    public required string Kind { get; init; }

    /// <summary>Null in cloud mode without a key.</summary>
    [JsonPropertyName("conversations")]
    public int? Conversations { get; init; }

    [JsonPropertyName("last_commit")]
    public DateTimeOffset? LastCommit { get; init; }
}

/// <summary>Values of <see cref="HealthReport.Status"/>.</summary>
public static class HealthStatus
{
    public const string Healthy = "healthy";

    /// <summary>Serves, with a dependency, an audit sink or a region of the log damaged.</summary>
    public const string Degraded = "degraded";

    /// <summary>The store cannot commit.</summary>
    public const string Unhealthy = "unhealthy";
}

/// <summary>Values of <see cref="HealthReport.Dependencies"/>.</summary>
public static class DependencyStatus
{
    public const string Healthy = "healthy";
    public const string Unhealthy = "unhealthy";
    public const string Unknown = "unknown";
    public const string NotConfigured = "not_configured";
}

/// <summary>Values of <see cref="HealthReport.Capabilities"/>.</summary>
public static class Capability
{
    /// <summary>A repeated operation id returns the stored reply.</summary>
    public const string Idempotency = "idempotency";

    public const string Stream = "stream";
    public const string Sync = "sync";
}
