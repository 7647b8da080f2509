using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Index;

/// <summary>Puts messages into their conversations and takes them out again; keeps the surfaces in step. Not thread-safe.</summary>
internal sealed class ShownMessages(OperationTable operations, ConversationTable conversations, OperationOrder order)
{
    public void Show(int number, int conversation)
    {
        var entry = conversations[conversation];
        var at = entry.Messages.Count;
        while (at > 0 && order.ComesBefore(number, entry.Messages[at - 1]))
            at--;
        entry.Messages.Insert(at, number);
        if (at < entry.Messages.Count - 1)
            RecountSurfaces(conversation);
        else if (!entry.Surfaces.Contains(operations[number].Surface))
            entry.Surfaces.Add(operations[number].Surface);
    }

    public void Hide(int number, EntryFlags why)
    {
        ref var hidden = ref operations.Change(number);
        hidden.Flags |= why;
        var messages = conversations[hidden.Conversation].Messages;
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
        var messages = conversations[conversation].Messages;
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
        var entry = conversations[conversation];
        entry.Surfaces.Clear();
        for (var at = 0; at < entry.Messages.Count; at++)
        {
            var surface = operations[entry.Messages[at]].Surface;
            if (!entry.Surfaces.Contains(surface))
                entry.Surfaces.Add(surface);
        }
    }
}
