using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>200 body of <c>POST /api/maestra/advisor/ask</c> (wire.md §3).</summary>
public sealed record LegacyAskResponse
{
    [JsonPropertyName("answer")]
    public required string Answer { get; init; }

    [JsonPropertyName("session_id")]
    public required string SessionId { get; init; }

    /// <summary>Always null: no job is ever pretended.</summary>
    [JsonPropertyName("job_id")]
    public string? JobId { get; init; }

    [JsonPropertyName("sources")]
    public IReadOnlyList<ReplySource> Sources { get; init; } = [];

    [JsonPropertyName("trace_id")]
    public required string TraceId { get; init; }

    /// <summary>The mode asked for.</summary>
    [JsonPropertyName("mode")]
    public required string Mode { get; init; }

    [JsonPropertyName("processing_time_ms")]
    public required long ProcessingTimeMs { get; init; }

    [JsonPropertyName("schema_version")]
    public string SchemaVersion { get; init; } = "1";

    [JsonPropertyName("conversation_id")]
    public required string ConversationId { get; init; }

    [JsonPropertyName("turns")]
    public int? Turns { get; init; }

    [JsonPropertyName("agent")]
    public LegacyAgent Agent { get; init; } = LegacyAgent.Maestra;

    /// <summary><c>full</c>, offline <c>minimal</c>.</summary>
    [JsonPropertyName("system_mode")]
    public required string SystemMode { get; init; }

    /// <summary><c>system</c>, offline <c>none</c>.</summary>
    [JsonPropertyName("authority")]
    public required string Authority { get; init; }

    [JsonPropertyName("mcp_metadata")]
    public JsonElement? McpMetadata { get; init; }

    [JsonPropertyName("meta")]
    public required ReplyMeta Meta { get; init; }
}

/// <summary>Who answered, in the words of the legacy endpoint.</summary>
public sealed record LegacyAgent
{
    public static readonly LegacyAgent Maestra = new() { Id = "maestra", DisplayName = "Maestra" };

    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("display_name")]
    public required string DisplayName { get; init; }
}

/// <summary>A passage that a reply rests on.</summary>
public sealed record ReplySource
{
    [JsonPropertyName("title")]
    public required string Title { get; init; }

    [JsonPropertyName("type")]
    public required string Type { get; init; }

    /// <summary>0–1.</summary>
    [JsonPropertyName("confidence")]
    public required double Confidence { get; init; }

    [JsonPropertyName("excerpt")]
    public required string Excerpt { get; init; }

    [JsonPropertyName("url")]
    public string? Url { get; init; }
}
