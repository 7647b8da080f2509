using ConversationHub.Contracts;

namespace ConversationHub.Store.Writing;

/// <summary>What the writes admitted to a batch will change once it is durable. Not thread-safe.</summary>
internal sealed class BatchClaims
{
    private readonly HashSet<OperationId> _operations = [];
    private readonly HashSet<ConversationId> _begun = [];
    private readonly Dictionary<ConversationId, int> _messages = [];

    public void Add(PendingWrite write, Admittance.Yes admitted)
    {
        _operations.Add(write.OperationId);
        if (write.QuestionId is { } question)
            _operations.Add(question);
        if (admitted.BeginsConversation)
            _begun.Add(admitted.ConversationId);
        _messages[admitted.ConversationId] = CountIn(admitted.ConversationId) + 1;
    }

    public bool Claims(OperationId id) => _operations.Contains(id);

    /// <summary>True when the conversation is begun in this batch, by whatever user.</summary>
    public bool Claims(ConversationId id) => _begun.Contains(id);

    /// <summary>Messages the batch adds to the conversation.</summary>
    public int CountIn(ConversationId id) => _messages.GetValueOrDefault(id);

    public void Clear()
    {
        _operations.Clear();
        _begun.Clear();
        _messages.Clear();
    }
}
