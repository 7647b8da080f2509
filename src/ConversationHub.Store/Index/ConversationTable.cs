namespace ConversationHub.Store.Index;

/// <summary>Every conversation held, found by number or by id; one for each owner of an id. Not thread-safe.</summary>
internal sealed class ConversationTable
{
    private readonly List<ConversationEntry> _all = [];
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
        return number;
    }

    private IEnumerable<int> AlikeOnDisk(string id)
    {
        for (var at = _lastOfId.GetValueOrDefault(id, OperationEntry.None); at != OperationEntry.None; at = _all[at].NextOfSameId)
            yield return at;
    }
}
