using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>What became of the erasure of a conversation.</summary>
public abstract record EraseOutcome
{
    private EraseOutcome()
    {
    }

    /// <summary>Durable now, or before.</summary>
    /// <param name="Owner">Who began the conversation.</param>
    public sealed record Erased(ConversationId ConversationId, UserId Owner, OperationId OperationId, int MessagesErased) : EraseOutcome;

    /// <summary>404 <c>conversation_not_found</c>.</summary>
    public sealed record NotFound : EraseOutcome;

    /// <summary>Several users have a conversation of that id and none was named (409 <c>ambiguous_conversation</c>).</summary>
    public sealed record Ambiguous : EraseOutcome;

    public sealed record NotCommitted(StoreFailure Failure) : EraseOutcome;
}

/// <summary>What became of the erasure of a user.</summary>
public abstract record EraseUserOutcome
{
    private EraseUserOutcome()
    {
    }

    /// <summary>Durable now.</summary>
    public sealed record Erased(UserId UserId, OperationId OperationId, int ConversationsErased) : EraseUserOutcome;

    public sealed record NotCommitted(StoreFailure Failure) : EraseUserOutcome;
}
