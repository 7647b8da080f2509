using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>One conversation as <c>GET /conversations/{id}</c> and its file show it: the earlier backend's schema (wire.md §10.2).</summary>
public sealed record ConversationDocument : ConversationFrame
{
    [JsonPropertyName("messages")]
    public required IReadOnlyList<ConversationMessage> Messages { get; init; }
}

/// <summary>What a conversation shows beside its messages. These stand between the tags and the artifacts, as they always have.</summary>
public abstract record ConversationFrame
{
    private const int BeforeMessages = -1;
    private const int AfterMessages = 1;

    [JsonPropertyName("id")]
    [JsonPropertyOrder(BeforeMessages)]
    public required string Id { get; init; }

    /// <summary>The title, else the first 100 characters of the first message.</summary>
    [JsonPropertyName("topic")]
    [JsonPropertyOrder(BeforeMessages)]
    public required string Topic { get; init; }

    [JsonPropertyName("owner")]
    [JsonPropertyOrder(BeforeMessages)]
    public required string Owner { get; init; }

    /// <summary>In the order of first use.</summary>
    [JsonPropertyName("surfaces")]
    [JsonPropertyOrder(BeforeMessages)]
    public required IReadOnlyList<string> Surfaces { get; init; }

    [JsonPropertyName("tags")]
    [JsonPropertyOrder(BeforeMessages)]
    public required IReadOnlyList<string> Tags { get; init; }

    [JsonPropertyName("artifacts")]
    [JsonPropertyOrder(AfterMessages)]
    public required IReadOnlyList<LinkedArtifact> Artifacts { get; init; }

    [JsonPropertyName("meta")]
    [JsonPropertyOrder(AfterMessages)]
    public required ConversationMeta Meta { get; init; }

    [JsonPropertyName("format")]
    [JsonPropertyOrder(AfterMessages)]
    public int Format { get; init; } = 2;

    /// <summary>True when older messages were left out of the answer; absent otherwise.</summary>
    [JsonPropertyName("truncated")]
    [JsonPropertyOrder(AfterMessages)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Truncated { get; init; }
}

/// <summary>One message of a conversation.</summary>
public sealed record ConversationMessage
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>One of <see cref="MessageRole"/>.</summary>
    [JsonPropertyName("role")]
    public required string Role { get; init; }

    [JsonPropertyName("content")]
    public required string Content { get; init; }

    [JsonPropertyName("surface")]
    public required string Surface { get; init; }

    /// <summary>Questions: the hint as sent; replies: the effective mode.</summary>
    [JsonPropertyName("mode")]
    public required string? Mode { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    [JsonPropertyName("meta")]
    public required MessageMeta Meta { get; init; }
}

/// <summary>Something linked to a conversation.</summary>
public sealed record LinkedArtifact
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

    [JsonPropertyName("linked_at")]
    public DateTimeOffset? LinkedAt { get; init; }
}

/// <summary>Times and counts of a conversation.</summary>
public sealed record ConversationMeta
{
    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>One of <see cref="ConversationStatus"/>.</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("message_count")]
    public required int MessageCount { get; init; }
}

/// <summary>Values of a conversation's status.</summary>
public static class ConversationStatus
{
    public const string Active = "active";
    public const string Closed = "closed";
}

/// <summary>Values of a message's role.</summary>
public static class MessageRole
{
    public const string User = "user";
    public const string Assistant = "assistant";
    public const string System = "system";
}
