namespace ConversationHub.Store.Index;

/// <summary>
/// Conversations by the time of their last operation, the newest at the end, where moving one costs least. Not thread-safe.
/// </summary>
internal sealed class RecencyOrder(IReadOnlyList<ConversationEntry> conversations)
{
    private readonly List<int> _oldestFirst = [];

    public int Count => _oldestFirst.Count;

    /// <summary>To be called after the conversation's time is set, and not while it stands in the order.</summary>
    public void Insert(int number) => _oldestFirst.Insert(FirstNotBefore(Key(number)), number);

    /// <summary>To be called before the conversation's time changes.</summary>
    public void Remove(int number)
    {
        var at = FirstNotBefore(Key(number));
        if (at < _oldestFirst.Count && _oldestFirst[at] == number)
            _oldestFirst.RemoveAt(at);
    }

    /// <summary>Sorts everything anew: cheaper than inserting one by one while a store is being opened.</summary>
    public void Rebuild()
    {
        _oldestFirst.Clear();
        for (var number = 0; number < conversations.Count; number++)
        {
            if (conversations[number].IsShown)
                _oldestFirst.Add(number);
        }

        _oldestFirst.Sort((left, right) => Key(left).CompareTo(Key(right)));
    }

    /// <summary>From the newest to the oldest, beginning after a place in that order.</summary>
    /// <param name="after">Null to begin with the newest.</param>
    public IEnumerable<int> NewestFirst(RecencyKey? after)
    {
        var at = after is { } key ? FirstNotBefore(key) : _oldestFirst.Count;
        while (--at >= 0)
            yield return _oldestFirst[at];
    }

    public RecencyKey Key(int number)
    {
        var conversation = conversations[number];
        return new RecencyKey(conversation.UpdatedTicks, conversation.Id, conversation.Owner);
    }

    private int FirstNotBefore(RecencyKey key)
    {
        var low = 0;
        var high = _oldestFirst.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Key(_oldestFirst[middle]).CompareTo(key) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}

/// <summary>A place in the list of conversations: by time, then, against the alphabet because the list is read backwards, by id and owner.</summary>
internal readonly record struct RecencyKey(long UpdatedTicks, string Id, string Owner) : IComparable<RecencyKey>
{
    public int CompareTo(RecencyKey other)
    {
        var order = UpdatedTicks.CompareTo(other.UpdatedTicks);
        if (order == 0)
            order = string.CompareOrdinal(other.Id, Id);
        return order != 0 ? order : string.CompareOrdinal(other.Owner, Owner);
    }
}
