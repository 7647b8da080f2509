using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>Which conversation to read, and how much of it.</summary>
public sealed record ReadQuery
{
    /// <summary>
    /// Whose conversation; null for one who may read all. Where all users share one namespace (local mode) it makes no difference:
    /// the conversation of that id is found whoever began it.
    /// </summary>
    public required UserId? Owner { get; init; }

    public required ConversationId ConversationId { get; init; }

    /// <summary>As <see cref="Limit"/>: the whole conversation, for an export.</summary>
    public const int AllMessages = int.MaxValue;

    /// <summary>The last so many messages: at least 1.</summary>
    public int Limit { get; init; } = WireLimits.MessagePageDefault;

    /// <summary>Only messages that stand before this one.</summary>
    public OperationId? Before { get; init; }
}

/// <summary>What a reading gave.</summary>
public abstract record ReadOutcome
{
    private ReadOutcome()
    {
    }

    public sealed record Found(ConversationDocument Conversation) : ReadOutcome;

    /// <summary>404 <c>conversation_not_found</c>; another user's conversation too.</summary>
    public sealed record NotFound : ReadOutcome;

    /// <summary>410 <c>conversation_erased</c>.</summary>
    public sealed record Erased : ReadOutcome;

    /// <summary>Several users have a conversation of that id and none was named (409 <c>ambiguous_conversation</c>).</summary>
    public sealed record Ambiguous : ReadOutcome;

    /// <summary><see cref="ReadQuery.Before"/> is no message of the conversation (422).</summary>
    public sealed record UnknownMessage : ReadOutcome;

    /// <summary>What is stored of it cannot be read (409 <c>conversation_damaged</c>).</summary>
    public sealed record Damaged : ReadOutcome;

    public sealed record Unavailable(StoreFailure Failure) : ReadOutcome;
}
