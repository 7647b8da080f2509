using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>The file <c>index.json</c> beside the conversation files (wire.md §10.2).</summary>
public sealed record ConversationIndex
{
    /// <summary>Newest first.</summary>
    [JsonPropertyName("conversations")]
    public required IReadOnlyList<ConversationSummary> Conversations { get; init; }

    [JsonPropertyName("last_updated")]
    public required DateTimeOffset LastUpdated { get; init; }
}
