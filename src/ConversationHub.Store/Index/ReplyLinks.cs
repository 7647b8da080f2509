namespace ConversationHub.Store.Index;

/// <summary>Which replies a question has, in the order (clock, id), whichever of them arrives first. Not thread-safe.</summary>
internal sealed class ReplyLinks(OperationTable operations, OperationOrder order)
{
    // Replies whose question has not arrived yet: streams of two origins may come in any order.
    private readonly Dictionary<Guid, List<int>> _waiting = [];

    /// <summary>Replies that wait for their question, by its id.</summary>
    public IReadOnlyDictionary<Guid, List<int>> Waiting => _waiting;

    /// <summary>The reply that a replay of a question returns: the first one that is shown.</summary>
    /// <returns><see cref="OperationEntry.None"/> while there is none.</returns>
    public int FirstShown(int question)
    {
        var reply = operations[question].NextReply;
        while (reply != OperationEntry.None && (operations[reply].Flags & (EntryFlags.Erased | EntryFlags.Shadowed)) != 0)
            reply = operations[reply].NextReply;
        return reply;
    }

    /// <summary>The first reply, in the order (clock, id), that is shown while its question is not here yet or held back.</summary>
    public int FirstWaiting(int conversation, Guid questionId)
    {
        var first = OperationEntry.None;
        foreach (var reply in _waiting.GetValueOrDefault(questionId) ?? [])
        {
            ref readonly var entry = ref operations[reply];
            if (entry.Conversation == conversation && (entry.Flags & (EntryFlags.Erased | EntryFlags.Shadowed)) == 0
                && (first == OperationEntry.None || order.ComesBefore(reply, first)))
            {
                first = reply;
            }
        }

        return first;
    }

    public void Add(int reply, int conversation, Guid questionId)
    {
        foreach (var question in operations.Find(questionId))
        {
            ref readonly var entry = ref operations[question];
            if (entry.Conversation != conversation || (entry.Flags & (EntryFlags.Question | EntryFlags.Shadowed)) != EntryFlags.Question)
                continue;
            Insert(question, reply);
            return;
        }

        Wait(questionId, reply);
    }

    /// <summary>A reply that was found to have no question yet.</summary>
    public void Wait(Guid questionId, int reply)
    {
        if (!_waiting.TryGetValue(questionId, out var waiting))
            _waiting[questionId] = waiting = [];
        waiting.Add(reply);
    }

    /// <summary>To be called when a question is shown: takes the replies that came before it.</summary>
    public void TakeWaiting(int question)
    {
        ref readonly var entry = ref operations[question];
        if (!_waiting.TryGetValue(entry.Id, out var waiting))
            return;
        foreach (var reply in waiting.ToArray())
        {
            if (operations[reply].Conversation != entry.Conversation)
                continue;
            waiting.Remove(reply);
            Add(reply, entry.Conversation, entry.Id);
        }

        if (waiting.Count == 0)
            _waiting.Remove(entry.Id);
    }

    private void Insert(int question, int reply)
    {
        var before = question;
        while (operations[before].NextReply is >= 0 and var next && order.ComesBefore(next, reply))
            before = next;
        operations.Change(reply).NextReply = operations[before].NextReply;
        operations.Change(before).NextReply = reply;
    }
}
