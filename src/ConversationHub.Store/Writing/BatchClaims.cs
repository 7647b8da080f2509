using ConversationHub.Contracts;

namespace ConversationHub.Store.Writing;

/// <summary>What the writes admitted to a batch will change once it is durable. Not thread-safe.</summary>
internal sealed class BatchClaims
{
    private readonly HashSet<OperationId> _operations = [];
    private readonly HashSet<ConversationId> _begun = [];
    private readonly Dictionary<ConversationId, int> _messages = [];

    public bool IsEmpty { get; private set; } = true;

    /// <summary>True when nothing may be added any more.</summary>
    public bool IsClosed { get; private set; }

    public void Add(PendingWrite write, Admittance.Yes admitted)
    {
        IsEmpty = false;
        IsClosed = write.StandsAlone;
        _operations.Add(write.Operations[0].Id);
        if (write.QuestionId is { } question)
            _operations.Add(question);
        if (admitted.ConversationId is not { } conversation)
            return;
        if (admitted.BeginsConversation)
            _begun.Add(conversation);
        _messages[conversation] = CountIn(conversation) + write.Operations.Count;
    }

    public bool Claims(OperationId id) => _operations.Contains(id);

    /// <summary>True when the conversation is begun in this batch, by whatever user.</summary>
    public bool Begins(ConversationId id) => _begun.Contains(id);

    /// <summary>Operations the batch adds to the conversation.</summary>
    public int CountIn(ConversationId id) => _messages.GetValueOrDefault(id);

    public void Clear()
    {
        IsEmpty = true;
        IsClosed = false;
        _operations.Clear();
        _begun.Clear();
        _messages.Clear();
    }
}
