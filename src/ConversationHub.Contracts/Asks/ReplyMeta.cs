using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>How a reply came about (wire.md §2).</summary>
public sealed record ReplyMeta
{
    [JsonPropertyName("latency_ms")]
    public required long LatencyMs { get; init; }

    [JsonPropertyName("model")]
    public required string Model { get; init; }

    [JsonPropertyName("tokens")]
    public required int Tokens { get; init; }

    [JsonPropertyName("cost_usd")]
    public required decimal CostUsd { get; init; }

    /// <summary>False when the price or the tokens are not known, so that <see cref="CostUsd"/> is no statement. Told only then.</summary>
    [JsonPropertyName("cost_known")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? CostKnown { get; init; }

    [JsonPropertyName("request_id")]
    public required string RequestId { get; init; }

    [JsonPropertyName("operation_id")]
    public required string OperationId { get; init; }

    /// <summary>One of <c>openrouter openai anthropic gemini compatible offline test</c>.</summary>
    [JsonPropertyName("provider")]
    public required string Provider { get; init; }

    /// <summary>True when the reply had been stored before this request came.</summary>
    [JsonPropertyName("replayed")]
    public required bool Replayed { get; init; }

    /// <summary>
    /// True when the question had been stored before and its first run ended without a reply, so that this reply is of another run
    /// (docs/decisions/0004). Told only then.
    /// </summary>
    [JsonPropertyName("resumed")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Resumed { get; init; }

    /// <summary>True when a paired backend that can be reached may hold messages that this one lacks (issue 7). Told only then.</summary>
    [JsonPropertyName("stale")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Stale { get; init; }

    /// <summary>True when the conversation is kept on this backend (the tag <c>local_only</c>, docs/decisions/0034). Told only then.</summary>
    [JsonPropertyName("local_only")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool LocalOnly { get; init; }
}
