using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>One file in <c>imports.json</c> (wire.md §10.3).</summary>
public sealed record ImportRecord
{
    /// <summary>Name without folders.</summary>
    [JsonPropertyName("file")]
    public required string File { get; init; }

    /// <summary>Of its bytes, which are kept as <c>imported/{sha256}.json</c>.</summary>
    [JsonPropertyName("sha256")]
    public required string Sha256 { get; init; }

    [JsonPropertyName("imported_at")]
    public required DateTimeOffset ImportedAt { get; init; }

    /// <summary>How many were new.</summary>
    [JsonPropertyName("operations")]
    public required int Operations { get; init; }

    /// <summary>By these two an erasure finds the copy.</summary>
    [JsonPropertyName("conversation_id")]
    public required string ConversationId { get; init; }

    [JsonPropertyName("owner")]
    public required string Owner { get; init; }
}
