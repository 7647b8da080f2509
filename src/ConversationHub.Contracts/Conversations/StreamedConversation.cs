using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>
/// A <see cref="ConversationDocument"/> on its way out, byte for byte the same JSON: whoever writes it awaits each message, so that no thread waits
/// while one is read from a database.
/// </summary>
public sealed record StreamedConversation
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("topic")]
    public required string Topic { get; init; }

    [JsonPropertyName("owner")]
    public required string Owner { get; init; }

    [JsonPropertyName("surfaces")]
    public required IReadOnlyList<string> Surfaces { get; init; }

    [JsonPropertyName("tags")]
    public required IReadOnlyList<string> Tags { get; init; }

    [JsonPropertyName("messages")]
    public required IAsyncEnumerable<ConversationMessage> Messages { get; init; }

    [JsonPropertyName("artifacts")]
    public required IReadOnlyList<LinkedArtifact> Artifacts { get; init; }

    [JsonPropertyName("meta")]
    public required ConversationMeta Meta { get; init; }

    [JsonPropertyName("format")]
    public required int Format { get; init; }

    [JsonPropertyName("truncated")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public required bool Truncated { get; init; }

    /// <summary>The same conversation; messages that can be awaited are.</summary>
    public static StreamedConversation Of(ConversationDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return new StreamedConversation
        {
            Id = document.Id,
            Topic = document.Topic,
            Owner = document.Owner,
            Surfaces = document.Surfaces,
            Tags = document.Tags,
            Messages = document.Messages as IAsyncEnumerable<ConversationMessage> ?? document.Messages.ToAsyncEnumerable(),
            Artifacts = document.Artifacts,
            Meta = document.Meta,
            Format = document.Format,
            Truncated = document.Truncated,
        };
    }
}
