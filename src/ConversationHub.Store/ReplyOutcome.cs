namespace ConversationHub.Store;

/// <summary>What became of a reply.</summary>
public abstract record ReplyOutcome
{
    private ReplyOutcome()
    {
    }

    /// <summary>Durable now.</summary>
    public sealed record Stored(StoredReply Reply) : ReplyOutcome;

    /// <summary>A reply to the question had been stored before; that one is to be sent. Nothing was added.</summary>
    public sealed record AlreadyAnswered(StoredReply Reply) : ReplyOutcome;

    /// <summary>The conversation was erased while the answer was being made. Nothing was added.</summary>
    public sealed record Erased : ReplyOutcome;

    /// <summary>No such question is stored: a mistake of the caller.</summary>
    public sealed record UnknownQuestion : ReplyOutcome;

    /// <summary>The store could not take it.</summary>
    public sealed record NotCommitted(StoreFailure Failure) : ReplyOutcome;
}
