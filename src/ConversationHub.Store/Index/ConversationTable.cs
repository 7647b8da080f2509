namespace ConversationHub.Store.Index;

/// <summary>Every conversation held, found by number or by id; one for each owner of an id. Not thread-safe.</summary>
internal sealed class ConversationTable
{
    /// <summary>Conversations that are saved together.</summary>
    public const int BlockEntries = 1 << 8;

    private readonly List<ConversationEntry> _all = [];

    // Numbers of blocks in which a conversation changed since the block was last taken.
    private readonly HashSet<int> _changedBlocks = [];
    private readonly Dictionary<string, int> _lastOfId = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<ConversationEntry> All => _all;

    public ConversationEntry this[int number] => _all[number];

    public int GetOrAdd(string owner, string id)
    {
        for (var at = _lastOfId.GetValueOrDefault(id, OperationEntry.None); at != OperationEntry.None; at = _all[at].NextOfSameId)
        {
            if (_all[at].Owner == owner && string.Equals(_all[at].Id, id, StringComparison.Ordinal))
                return at;
        }

        return Add(owner, id);
    }

    /// <summary>For one that was saved.</summary>
    public ConversationEntry Restore(string owner, string id) => _all[Add(owner, id)];

    public int Blocks => (_all.Count + BlockEntries - 1) / BlockEntries;

    /// <summary>To be called when anything of a conversation changed but its messages and surfaces, which follow from the operations.</summary>
    public void Changed(int conversation) => _changedBlocks.Add(conversation / BlockEntries);

    public bool IsChanged(int block) => _changedBlocks.Contains(block);

    /// <summary>Counts a block as unchanged from here on.</summary>
    public void Take(int block) => _changedBlocks.Remove(block);

    /// <summary>The conversations of an id, one for each owner, erased ones included.</summary>
    public IEnumerable<int> AllOfId(string id) =>
        AlikeOnDisk(id).Where(number => string.Equals(_all[number].Id, id, StringComparison.Ordinal));

    /// <summary>True when no conversation before this one has the same id, letter case ignored: files of some systems could not be told apart.</summary>
    public bool IsFirstOfName(int conversation) => AlikeOnDisk(_all[conversation].Id).Min() == conversation;

    private int Add(string owner, string id)
    {
        var number = _all.Count;
        _all.Add(new ConversationEntry(id, owner, _lastOfId.GetValueOrDefault(id, OperationEntry.None)));
        _lastOfId[id] = number;
        Changed(number);
        return number;
    }

    private IEnumerable<int> AlikeOnDisk(string id)
    {
        for (var at = _lastOfId.GetValueOrDefault(id, OperationEntry.None); at != OperationEntry.None; at = _all[at].NextOfSameId)
            yield return at;
    }
}
