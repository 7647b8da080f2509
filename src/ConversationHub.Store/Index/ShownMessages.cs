using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Index;

/// <summary>Puts messages into their conversations and takes them out again; keeps the surfaces in step. Not thread-safe.</summary>
internal sealed class ShownMessages(OperationTable operations, ConversationTable conversations, OperationOrder order)
{
    public void Show(int number, int conversation)
    {
        ref var messages = ref conversations.Row(conversation).Messages;
        var at = messages.Count;
        while (at > 0 && order.ComesBefore(number, messages[at - 1]))
            at--;
        messages.Insert(at, number);
        if (at < messages.Count - 1)
            RecountSurfaces(conversation);
        else
            conversations.AddSurface(conversation, operations[number].Surface);
    }

    public void Hide(int number, EntryFlags why)
    {
        ref var hidden = ref operations.Change(number);
        hidden.Flags |= why;
        ref var messages = ref conversations.Row(hidden.Conversation).Messages;
        for (var at = 0; at < messages.Count; at++)
        {
            if (messages[at] != number)
                continue;
            messages.RemoveAt(at);
            break;
        }

        RecountSurfaces(hidden.Conversation);
    }

    /// <summary>Erases every message up to a clock, that one included.</summary>
    public void EraseUpTo(int conversation, HybridTimestamp last)
    {
        ref var messages = ref conversations.Row(conversation).Messages;
        var hidden = 0;
        while (hidden < messages.Count && operations[messages[hidden]].Hlc <= last)
        {
            operations.Change(messages[hidden]).Flags |= EntryFlags.Erased;
            EraseCopies(messages[hidden++]);
        }

        messages.RemoveFirst(hidden);
        RecountSurfaces(conversation);
    }

    /// <summary>
    /// One operation id is one operation: what is erased is erased in all its copies, those with a later clock and those held back included.
    /// Else it would depend on the order of arrival whether the text of one stays.
    /// </summary>
    public void EraseCopies(int number)
    {
        ref readonly var entry = ref operations[number];
        foreach (var other in operations.Find(entry.Id))
        {
            ref readonly var copy = ref operations[other];
            if (other != number && copy.Conversation == entry.Conversation && (copy.Flags & (EntryFlags.Message | EntryFlags.Quarantined)) != 0
                && (copy.Flags & EntryFlags.Erased) == 0)
            {
                operations.Change(other).Flags |= EntryFlags.Erased;
            }
        }
    }

    /// <summary>The copy of the same operation that is shown, from another origin; <see cref="OperationEntry.None"/> when there is none.</summary>
    public int CopyOf(int number)
    {
        ref readonly var entry = ref operations[number];
        foreach (var other in operations.Find(entry.Id))
        {
            ref readonly var copy = ref operations[other];
            if (other != number && copy.Conversation == entry.Conversation
                && (copy.Flags & (EntryFlags.Message | EntryFlags.Erased | EntryFlags.Shadowed)) == EntryFlags.Message)
            {
                return other;
            }
        }

        return OperationEntry.None;
    }

    public bool HasErasedCopy(int number)
    {
        ref readonly var entry = ref operations[number];
        foreach (var other in operations.Find(entry.Id))
        {
            if (operations[other].Conversation == entry.Conversation && (operations[other].Flags & EntryFlags.Erased) != 0)
                return true;
        }

        return false;
    }

    private void RecountSurfaces(int conversation)
    {
        conversations.ClearSurfaces(conversation);
        ref readonly var messages = ref conversations.Row(conversation).Messages;
        for (var at = 0; at < messages.Count; at++)
            conversations.AddSurface(conversation, operations[messages[at]].Surface);
    }
}
