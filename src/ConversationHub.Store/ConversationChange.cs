using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>What to change in a conversation; what is null or empty stays (wire.md §4, PATCH). The caller has checked lengths.</summary>
public sealed record ConversationChange
{
    /// <summary>Whose conversation; null for one who may change all.</summary>
    public required UserId? Owner { get; init; }

    public required ConversationId ConversationId { get; init; }

    public string? Title { get; init; }

    /// <summary>One of <see cref="ConversationStatus"/>.</summary>
    public string? Status { get; init; }

    public IReadOnlyList<string> AddTags { get; init; } = [];

    public IReadOnlyList<string> RemoveTags { get; init; } = [];

    /// <summary>No <c>:</c> in a type.</summary>
    public IReadOnlyList<ReplyArtifact> LinkArtifacts { get; init; } = [];

    /// <summary>Only type and id are looked at.</summary>
    public IReadOnlyList<ReplyArtifact> UnlinkArtifacts { get; init; } = [];

    public bool IsEmpty =>
        Title is null && Status is null && AddTags.Count + RemoveTags.Count + LinkArtifacts.Count + UnlinkArtifacts.Count == 0;
}

/// <summary>What became of a change.</summary>
public abstract record ChangeOutcome
{
    private ChangeOutcome()
    {
    }

    /// <summary>Durable now; the summary tells the tags.</summary>
    public sealed record Changed(ConversationSummary Conversation) : ChangeOutcome;

    /// <summary>404 <c>conversation_not_found</c>.</summary>
    public sealed record NotFound : ChangeOutcome;

    /// <summary>410 <c>conversation_erased</c>.</summary>
    public sealed record Erased : ChangeOutcome;

    /// <summary>Several users have a conversation of that id and none was named (409 <c>ambiguous_conversation</c>).</summary>
    public sealed record Ambiguous : ChangeOutcome;

    public sealed record NotCommitted(StoreFailure Failure) : ChangeOutcome;
}
