namespace ConversationHub.Store.Index;

/// <summary>
/// Every operation held, found by number or by id. Grows by whole chunks, so that growing never copies what is there.
/// Not thread-safe.
/// </summary>
internal sealed class OperationTable
{
    private const int ChunkEntries = 1 << 12;
    private const int FirstBuckets = 1 << 10;

    private readonly List<OperationEntry[]> _chunks = [];

    // Open addressing with linear probing: entry number + 1, or 0 for an empty place. Nothing is ever removed.
    private int[] _buckets = new int[FirstBuckets];

    public int Count { get; private set; }

    /// <summary>The entry itself, to read or to change; its id must stay.</summary>
    public ref OperationEntry this[int number] => ref _chunks[number / ChunkEntries][number % ChunkEntries];

    public int Add(in OperationEntry entry)
    {
        if (Count == _chunks.Count * ChunkEntries)
            _chunks.Add(new OperationEntry[ChunkEntries]);
        var number = Count++;
        this[number] = entry;
        if (Count > _buckets.Length / 3 * 2)
            Grow();
        else
            Place(number);
        return number;
    }

    /// <summary>Numbers of the entries with that id, one for each copy, in no order.</summary>
    public MatchEnumerable Find(Guid id) => new(this, id);

    private void Grow()
    {
        _buckets = new int[_buckets.Length * 2];
        for (var number = 0; number < Count; number++)
            Place(number);
    }

    private void Place(int number)
    {
        var at = FirstBucket(this[number].Id);
        while (_buckets[at] != 0)
            at = (at + 1) & (_buckets.Length - 1);
        _buckets[at] = number + 1;
    }

    private int FirstBucket(Guid id) => id.GetHashCode() & (_buckets.Length - 1);

    /// <summary>The copies of one operation.</summary>
    public readonly struct MatchEnumerable(OperationTable table, Guid id)
    {
        public MatchEnumerator GetEnumerator() => new(table, id);
    }

    /// <summary>Walks the places where the id may be, up to the first empty one.</summary>
    public struct MatchEnumerator(OperationTable table, Guid id)
    {
        private int _at = table.FirstBucket(id) - 1;

        public int Current { get; private set; }

        public bool MoveNext()
        {
            while (true)
            {
                _at = (_at + 1) & (table._buckets.Length - 1);
                var number = table._buckets[_at] - 1;
                if (number < 0)
                    return false;
                if (table[number].Id != id)
                    continue;
                Current = number;
                return true;
            }
        }
    }
}
