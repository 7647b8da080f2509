using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Answer of <c>GET /conversations</c> (wire.md §4): newest <c>updated_at</c> first, then id.</summary>
public sealed record ConversationPage
{
    [JsonPropertyName("conversations")]
    public required IReadOnlyList<ConversationSummary> Conversations { get; init; }

    /// <summary>Null on the last page.</summary>
    [JsonPropertyName("next_cursor")]
    public required string? NextCursor { get; init; }
}

/// <summary>One conversation in a list.</summary>
public sealed record ConversationSummary
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("topic")]
    public required string Topic { get; init; }

    [JsonPropertyName("owner")]
    public required string Owner { get; init; }

    [JsonPropertyName("surfaces")]
    public required IReadOnlyList<string> Surfaces { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    [JsonPropertyName("message_count")]
    public required int MessageCount { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }

    /// <summary>Told only in answer to a change: it shows what the change came to. Lists and <c>index.json</c> are without it.</summary>
    [JsonPropertyName("tags")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Tags { get; init; }
}
