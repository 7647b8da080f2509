namespace ConversationHub.Store;

/// <summary>
/// Durable conversations of one backend (design.md §5, wire.md §10). Every method is thread-safe, and the kinds of store keep one contract.
/// What goes wrong comes back as an outcome; only the caller's cancellation and bugs are exceptions.
/// Cancelling a write stops the waiting, not the write: it may be durable all the same, and the same call made again tells.
/// </summary>
public interface IConversationStore : IAsyncDisposable
{
    /// <summary>The store's state as it was last known. Reads memory only, and never waits for a disk or a server.</summary>
    StoreStatus Status { get; }

    /// <summary>
    /// Stores a question durably, or says that it is known: the one point where a repeated question is recognised.
    /// Idempotent by (owner, operation id): of any number of calls, on any replica, exactly one is answered
    /// <see cref="QuestionOutcome.Stored"/>, and the others, also after a restart, <see cref="QuestionOutcome.Known"/>.
    /// </summary>
    /// <returns>
    /// <see cref="QuestionOutcome.Stored"/>, <see cref="QuestionOutcome.Known"/>, <see cref="QuestionOutcome.FingerprintMismatch"/>,
    /// <see cref="QuestionOutcome.Erased"/>, <see cref="QuestionOutcome.ConversationFull"/>, <see cref="QuestionOutcome.Damaged"/>
    /// or <see cref="QuestionOutcome.NotCommitted"/>.
    /// </returns>
    Task<QuestionOutcome> StoreQuestionAsync(QuestionDraft question, CancellationToken cancellationToken);

    /// <summary>
    /// Stores the reply to a stored question durably. Idempotent by question: the first reply this backend stores stays,
    /// and a later one is answered with it.
    /// </summary>
    /// <returns>
    /// <see cref="ReplyOutcome.Stored"/>, <see cref="ReplyOutcome.AlreadyAnswered"/>, <see cref="ReplyOutcome.Erased"/>,
    /// <see cref="ReplyOutcome.UnknownQuestion"/> or <see cref="ReplyOutcome.NotCommitted"/>.
    /// </returns>
    Task<ReplyOutcome> StoreReplyAsync(ReplyDraft reply, CancellationToken cancellationToken);

    /// <summary>Reads one conversation with its last messages. Shows what was durable when it was called, and nothing that is not.</summary>
    /// <returns>
    /// <see cref="ReadOutcome.Found"/>, <see cref="ReadOutcome.NotFound"/>, <see cref="ReadOutcome.Erased"/>, <see cref="ReadOutcome.Ambiguous"/>,
    /// <see cref="ReadOutcome.UnknownMessage"/>, <see cref="ReadOutcome.Damaged"/> or <see cref="ReadOutcome.Unavailable"/>.
    /// </returns>
    Task<ReadOutcome> ReadAsync(ReadQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// Lists conversations, newest <c>updated_at</c> first, then by id. Following the cursors shows every conversation once
    /// that was there at the first page and has not been written to since; one written to meanwhile moves to the front.
    /// </summary>
    /// <returns><see cref="ListOutcome.Listed"/>, <see cref="ListOutcome.BadCursor"/> or <see cref="ListOutcome.Unavailable"/>.</returns>
    Task<ListOutcome> ListAsync(ListQuery query, CancellationToken cancellationToken);

    /// <summary>Ranks stored messages against words (BM25), best first, then newest first. Finding nothing is an empty list.</summary>
    /// <returns><see cref="SearchOutcome.Ranked"/> or <see cref="SearchOutcome.Unavailable"/>.</returns>
    Task<SearchOutcome> SearchAsync(SearchQuery query, CancellationToken cancellationToken);
}
