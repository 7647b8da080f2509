namespace ConversationHub.Store.Index;

/// <summary>
/// Every operation held, found by number or by id. Grows by whole chunks, so that growing never copies what is there.
/// Not thread-safe.
/// </summary>
internal sealed class OperationTable
{
    /// <summary>Entries that are saved together.</summary>
    public const int ChunkEntries = 1 << 12;

    private const int FirstBuckets = 1 << 10;

    private readonly List<OperationEntry[]> _chunks = [];

    // One for each chunk: true when an entry of it changed since the chunk was last taken.
    private readonly List<bool> _changed = [];

    // Open addressing with linear probing: entry number + 1, or 0 for an empty place. Nothing is ever removed.
    private int[] _buckets = new int[FirstBuckets];

    public int Count { get; private set; }

    public ref readonly OperationEntry this[int number] => ref _chunks[number / ChunkEntries][number % ChunkEntries];

    /// <summary>The entry itself, to change; its id must stay.</summary>
    public ref OperationEntry Change(int number)
    {
        _changed[number / ChunkEntries] = true;
        return ref _chunks[number / ChunkEntries][number % ChunkEntries];
    }

    public int Chunks => _chunks.Count;

    /// <summary>Copies a chunk, and counts it as unchanged from here on.</summary>
    /// <returns>How many entries it has.</returns>
    public int Take(int chunk, Span<OperationEntry> target)
    {
        _changed[chunk] = false;
        var count = Math.Min(ChunkEntries, Count - (chunk * ChunkEntries));
        _chunks[chunk].AsSpan(0, count).CopyTo(target);
        return count;
    }

    public bool IsChanged(int chunk) => _changed[chunk];

    /// <summary>Fills an empty table.</summary>
    /// <param name="tryRead">Fills the chunk of that number; false when that is not to be had.</param>
    /// <returns>False when a chunk was not to be had: the table is not to be used any more.</returns>
    public bool TryRestore(int count, ChunkReader tryRead)
    {
        var buckets = _buckets.Length;
        while (count > buckets / 3 * 2)
            buckets *= 2;
        _buckets = new int[buckets];
        for (var chunk = 0; chunk * ChunkEntries < count; chunk++)
        {
            // Every byte of what counts is read from the file.
            _chunks.Add(GC.AllocateUninitializedArray<OperationEntry>(ChunkEntries));
            _changed.Add(false);
            if (!tryRead(chunk, _chunks[chunk].AsSpan(0, Math.Min(ChunkEntries, count - Count))))
                return false;
            for (var end = Math.Min(count, Count + ChunkEntries); Count < end;)
                PlaceOne(Count++);
        }

        return true;
    }

    /// <summary>Reads the entries of a chunk.</summary>
    public delegate bool ChunkReader(int chunk, Span<OperationEntry> target);

    public int Add(in OperationEntry entry)
    {
        if (Count == _chunks.Count * ChunkEntries)
        {
            _chunks.Add(new OperationEntry[ChunkEntries]);
            _changed.Add(true);
        }

        var number = Count++;
        Change(number) = entry;
        if (Count > _buckets.Length / 3 * 2)
            Place(buckets: _buckets.Length * 2);
        else
            PlaceOne(number);
        return number;
    }

    /// <summary>Numbers of the entries with that id, one for each copy, in no order.</summary>
    public MatchEnumerable Find(Guid id) => new(this, id);

    private void Place(int buckets)
    {
        _buckets = new int[buckets];
        for (var number = 0; number < Count; number++)
            PlaceOne(number);
    }

    private void PlaceOne(int number)
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
