using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>What became of a question.</summary>
public abstract record QuestionOutcome
{
    private QuestionOutcome()
    {
    }

    /// <summary>New, and durable now.</summary>
    /// <param name="ConversationId">The one sent, or the one made.</param>
    /// <param name="Owner">Who began the conversation; in local mode not always who asks.</param>
    public sealed record Stored(ConversationId ConversationId, UserId Owner) : QuestionOutcome
    {
        /// <summary>Its owner keeps the conversation on this backend. Of a store that is <see cref="IKeptConversations"/> false: that one is asked.</summary>
        public bool IsKeptHere { get; init; }
    }

    /// <summary>The same question had been stored before, and is durable. Nothing was added.</summary>
    /// <param name="ConversationId">Where it stands.</param>
    /// <param name="Owner">Who began the conversation.</param>
    /// <param name="Reply">Null while none is stored: the work is under way somewhere, or failed and may be done again.</param>
    public sealed record Known(ConversationId ConversationId, UserId Owner, StoredReply? Reply) : QuestionOutcome
    {
        /// <inheritdoc cref="Stored.IsKeptHere"/>
        public bool IsKeptHere { get; init; }
    }

    /// <summary>The operation id belongs to something else that was stored (422 <c>idempotency_mismatch</c>). Nothing was added.</summary>
    public sealed record FingerprintMismatch : QuestionOutcome;

    /// <summary>The conversation was erased, and its id is not used again (410 <c>conversation_erased</c>).</summary>
    public sealed record Erased(ConversationId ConversationId) : QuestionOutcome;

    /// <summary>The conversation holds <see cref="WireLimits.MessagesPerConversation"/> messages (409 <c>conversation_full</c>).</summary>
    public sealed record ConversationFull(ConversationId ConversationId) : QuestionOutcome;

    /// <summary>A file of that id cannot be read and the log does not know the conversation (409 <c>conversation_damaged</c>, wire.md §10.3).</summary>
    public sealed record Damaged(ConversationId ConversationId) : QuestionOutcome;

    /// <summary>The store could not take it.</summary>
    public sealed record NotCommitted(StoreFailure Failure) : QuestionOutcome;
}
