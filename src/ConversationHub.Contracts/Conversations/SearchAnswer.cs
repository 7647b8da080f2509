using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Answer of <c>GET /conversations/search</c> (docs/decisions/0015): best first, then newest first. Nothing found is an empty list.</summary>
public sealed record SearchAnswer
{
    [JsonPropertyName("results")]
    public required IReadOnlyList<SearchResult> Results { get; init; }
}

/// <summary>One stored message that holds words of the query.</summary>
public sealed record SearchResult
{
    [JsonPropertyName("conversation_id")]
    public required string ConversationId { get; init; }

    /// <summary>Who began the conversation.</summary>
    [JsonPropertyName("owner")]
    public required string Owner { get; init; }

    [JsonPropertyName("message_id")]
    public required string MessageId { get; init; }

    /// <summary>One of <see cref="MessageRole"/>.</summary>
    [JsonPropertyName("role")]
    public required string Role { get; init; }

    [JsonPropertyName("surface")]
    public required string Surface { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The message, or the part around the first word found; <c>…</c> where it was cut.</summary>
    [JsonPropertyName("excerpt")]
    public required string Excerpt { get; init; }

    /// <summary>Greater than 0; comparable within one answer only.</summary>
    [JsonPropertyName("score")]
    public required double Score { get; init; }
}
