namespace ConversationHub.Store;

/// <summary>Of a store that can make a question and its reply durable together.</summary>
public interface IExchangeStore
{
    /// <summary>
    /// Stores a question that is not known yet, and its reply, with one wait for the disk. For answers that cost nothing and have no effect:
    /// <paramref name="answer"/> runs before the question is durable. After a crash there is nothing, the question alone, or both.
    /// </summary>
    /// <param name="answer">Called when the question is not known; null: it cannot be answered, and is stored alone.</param>
    /// <returns>
    /// The question's outcome as of <see cref="IConversationStore.StoreQuestionAsync"/>, with the reply if it was stored by this call.
    /// <see cref="QuestionOutcome.Stored"/> without a reply: the question is durable, and its answer still to be made.
    /// </returns>
    Task<(QuestionOutcome Question, StoredReply? Reply)> StoreExchangeAsync(
        QuestionDraft question, Func<Task<ReplyDraft?>> answer, CancellationToken cancellationToken);
}
