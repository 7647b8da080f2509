using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Index;

/// <summary>What was erased, now and when it arrives: whole conversations for good, and users up to a time. Not thread-safe.</summary>
internal sealed class Erasures(OperationTable operations, ConversationTable conversations)
{
    private readonly Dictionary<string, int> _ofUsers = new(StringComparer.Ordinal);

    /// <summary>Entry of the latest erasure of each user.</summary>
    public IReadOnlyDictionary<string, int> OfUsers => _ofUsers;

    /// <summary>Takes the erasure of a user, unless a later one is held, which covers what this one does.</summary>
    /// <returns>False when a later one is held.</returns>
    public bool TryAddUser(string owner, int erasure, OperationOrder order)
    {
        if (_ofUsers.TryGetValue(owner, out var held) && !order.ComesBefore(held, erasure))
            return false;
        _ofUsers[owner] = erasure;
        return true;
    }

    public void RestoreUser(string owner, int erasure) => _ofUsers.Add(owner, erasure);

    /// <summary>True when an erasure covers an operation of that conversation and clock, now or when it arrives.</summary>
    public bool Cover(int conversation, HybridTimestamp hlc) =>
        conversations[conversation].IsErased
        || (_ofUsers.Count > 0 && _ofUsers.TryGetValue(conversations[conversation].Owner, out var erasure) && hlc <= operations[erasure].Hlc);

    /// <summary>True when a conversation of that id was shown once and was erased: the id answers "erased" for good.</summary>
    public bool Close(int conversation)
    {
        ref readonly var row = ref conversations.Row(conversation);
        return row.IsErased || (row.Messages.Count == 0 && _ofUsers.ContainsKey(conversations.Owners[row.Owner]));
    }

    /// <summary>The entry of the erasure that closed a conversation.</summary>
    public int Of(int conversation) =>
        conversations[conversation].IsErased ? conversations[conversation].ErasedBy : _ofUsers[conversations[conversation].Owner];

    /// <summary>True when an operation was erased and its text still stands in the log.</summary>
    public bool LeftTextOf(int number)
    {
        ref readonly var entry = ref operations[number];
        return (entry.Flags & (EntryFlags.Erasure | EntryFlags.Stub)) == 0
            && ((entry.Flags & EntryFlags.Erased) != 0 || (entry.Conversation >= 0 && Cover(entry.Conversation, entry.Hlc)));
    }
}
