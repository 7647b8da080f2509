using ConversationHub.Contracts;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Conversations;

/// <summary>A snapshot of a conversation without its messages, from which summary and document are made.</summary>
/// <param name="Surfaces">In the order of first use.</param>
/// <param name="First">Where its first message stands.</param>
internal sealed record ConversationHead(
    string Id,
    string Owner,
    IReadOnlyList<string> Surfaces,
    DateTimeOffset UpdatedAt,
    int MessageCount,
    string? Title,
    string Status,
    IReadOnlyList<string> Tags,
    IReadOnlyList<LinkedArtifact> Artifacts,
    LineLocation First)
{
    /// <param name="first">Null when it cannot be read: the summary then has no topic of its own, and begins when it was last changed.</param>
    public ConversationSummary ToSummary(MessageBody? first) => new()
    {
        Id = Id,
        Topic = Topic.Of(Title, first),
        Owner = Owner,
        Surfaces = Surfaces,
        CreatedAt = first?.Timestamp ?? UpdatedAt,
        UpdatedAt = UpdatedAt,
        MessageCount = MessageCount,
        Status = Status,
    };

    public ConversationDocument ToDocument(MessageBody first, IReadOnlyList<ConversationMessage> messages, bool truncated) => new()
    {
        Id = Id,
        Topic = Topic.Of(Title, first),
        Owner = Owner,
        Surfaces = Surfaces,
        Tags = Tags,
        Messages = messages,
        Artifacts = Artifacts,
        Meta = new ConversationMeta { CreatedAt = first.Timestamp, UpdatedAt = UpdatedAt, Status = Status, MessageCount = MessageCount },
        Truncated = truncated,
    };
}
