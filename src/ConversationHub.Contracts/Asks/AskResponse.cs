using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>The envelope: 200 body of <c>POST /api/maestra/core</c> (wire.md §2).</summary>
public sealed record AskResponse
{
    [JsonPropertyName("reply")]
    public required string Reply { get; init; }

    /// <summary>Effective mode; never <c>error</c>.</summary>
    [JsonPropertyName("mode")]
    public required string Mode { get; init; }

    [JsonPropertyName("conversation_id")]
    public required string ConversationId { get; init; }

    /// <summary><c>local</c> or <c>cloud</c>: the mode of the backend that made the reply.</summary>
    [JsonPropertyName("source")]
    public required string Source { get; init; }

    [JsonPropertyName("version")]
    public string Version { get; init; } = WireFormat.Version;

    [JsonPropertyName("artifacts")]
    public IReadOnlyList<ReplyArtifact> Artifacts { get; init; } = [];

    [JsonPropertyName("actions")]
    public IReadOnlyList<ReplyAction> Actions { get; init; } = [];

    [JsonPropertyName("meta")]
    public required ReplyMeta Meta { get; init; }
}

/// <summary>Something the reply made.</summary>
public sealed record ReplyArtifact
{
    [JsonPropertyName("type")]
    public required string Type { get; init; }

    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("title")]
    public string? Title { get; init; }

    /// <summary>0–1.</summary>
    [JsonPropertyName("confidence")]
    public double Confidence { get; init; }
}

/// <summary>Something the reply proposes to do.</summary>
public sealed record ReplyAction
{
    [JsonPropertyName("type")]
    public required string Type { get; init; }

    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("requires_confirmation")]
    public bool RequiresConfirmation { get; init; }
}
