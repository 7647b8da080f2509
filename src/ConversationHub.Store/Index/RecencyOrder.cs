using System.Text;

namespace ConversationHub.Store.Index;

/// <summary>
/// Conversations by the time of their last operation, the newest at the end, where moving one costs least. Not thread-safe.
/// </summary>
internal sealed class RecencyOrder(ConversationTable conversations)
{
    private readonly List<int> _oldestFirst = [];

    public int Count => _oldestFirst.Count;

    /// <summary>To be called after the conversation's time is set, and not while it stands in the order.</summary>
    public void Insert(int number) => _oldestFirst.Insert(FirstNotBefore(PlaceOf(number)), number);

    /// <summary>To be called before the conversation's time changes.</summary>
    public void Remove(int number)
    {
        var at = FirstNotBefore(PlaceOf(number));
        if (at < _oldestFirst.Count && _oldestFirst[at] == number)
            _oldestFirst.RemoveAt(at);
    }

    /// <summary>Sorts everything anew: cheaper than inserting one by one while a store is being opened.</summary>
    public void Rebuild()
    {
        var shown = 0;
        for (var number = 0; number < conversations.Count; number++)
            shown += conversations.Row(number).IsShown ? 1 : 0;
        var times = new long[shown];
        var numbers = new int[shown];
        for (var number = conversations.Count - 1; shown > 0; number--)
        {
            if (!conversations.Row(number).IsShown)
                continue;
            (times[--shown], numbers[shown]) = (conversations.Row(number).UpdatedTicks, number);
        }

        // By time alone first: few are of the same one.
        Array.Sort(times, numbers);
        for (var start = 0; start < times.Length;)
        {
            var end = start + 1;
            while (end < times.Length && times[end] == times[start])
                end++;
            if (end > start + 1)
                numbers.AsSpan(start, end - start).Sort((left, right) => Compare(left, PlaceOf(right)));
            start = end;
        }

        _oldestFirst.Clear();
        _oldestFirst.AddRange(numbers);
    }

    /// <summary>From the newest to the oldest, beginning after a place in that order.</summary>
    /// <param name="after">Null to begin with the newest.</param>
    public IEnumerable<int> NewestFirst(RecencyKey? after)
    {
        var at = after is { } key ? FirstNotBefore(new Place(key.UpdatedTicks, Encoding.UTF8.GetBytes(key.Id), key.Owner)) : _oldestFirst.Count;
        while (--at >= 0)
            yield return _oldestFirst[at];
    }

    private Place PlaceOf(int number) =>
        new(conversations.Row(number).UpdatedTicks, conversations.IdOf(number), conversations.Owners[conversations.Row(number).Owner]);

    private int FirstNotBefore(Place place)
    {
        var low = 0;
        var high = _oldestFirst.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Compare(_oldestFirst[middle], place) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>By time, then, against the alphabet because the list is read backwards, by id and owner.</summary>
    private int Compare(int number, Place place)
    {
        ref readonly var row = ref conversations.Row(number);
        var order = row.UpdatedTicks.CompareTo(place.UpdatedTicks);
        if (order == 0)
            order = place.Id.SequenceCompareTo(conversations.IdOf(number));
        return order != 0 ? order : string.CompareOrdinal(place.Owner, conversations.Owners[row.Owner]);
    }

    private readonly ref struct Place(long updatedTicks, ReadOnlySpan<byte> id, string owner)
    {
        public long UpdatedTicks { get; } = updatedTicks;

        public ReadOnlySpan<byte> Id { get; } = id;

        public string Owner { get; } = owner;
    }
}

/// <summary>A place in the list of conversations.</summary>
internal readonly record struct RecencyKey(long UpdatedTicks, string Id, string Owner);
