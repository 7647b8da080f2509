using System.Numerics;

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
    private const int HashBits = 32;

    /// <summary>Brings the bits of a hash that differ to where <see cref="FirstBucket"/> looks: 2^32 by the golden ratio.</summary>
    private const uint Spread = 2654435769;

    private readonly List<OperationEntry[]> _chunks = [];

    // One for each chunk: true when an entry of it changed since the chunk was last taken.
    private readonly List<bool> _changed = [];

    // Open addressing with linear probing: entry number + 1, or 0 for an empty place. Nothing is ever removed. Above the number stand the bits of the
    // hash that did not choose the place: entries of other operations on the way, each in another line of the cache, stay unread.
    private uint[] _buckets = new uint[FirstBuckets];
    private int _numberBits = BitsOf(FirstBuckets);

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

    /// <summary>Fills an empty table. By its id nothing is found before <see cref="PlaceRestored"/>.</summary>
    /// <param name="tryRead">Fills the chunk of that number; false when that is not to be had.</param>
    /// <returns>False when a chunk was not to be had: the table is not to be used any more.</returns>
    public bool TryRestore(int count, ChunkReader tryRead)
    {
        for (var chunk = 0; chunk * ChunkEntries < count; chunk++)
        {
            // Every byte of what counts is read from the file.
            _chunks.Add(GC.AllocateUninitializedArray<OperationEntry>(ChunkEntries));
            _changed.Add(false);
            if (!tryRead(chunk, _chunks[chunk].AsSpan(0, Math.Min(ChunkEntries, count - Count))))
                return false;
            Count = Math.Min(count, Count + ChunkEntries);
        }

        return true;
    }

    /// <summary>Lets what was restored be found by its id. Reads entries and changes none, so that others may read them at the same time.</summary>
    public void PlaceRestored()
    {
        Place(Math.Max(FirstBuckets, (int)Math.Min(Array.MaxLength, Count * 4L / 3)));
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
        if (Count > _buckets.Length / 5 * 4)
            Place((int)Math.Min(Array.MaxLength, _buckets.Length * 3L / 2));
        else
            PlaceOne(number);
        return number;
    }

    /// <summary>Numbers of the entries with that id, one for each copy, in no order.</summary>
    public MatchEnumerable Find(Guid id) => new(this, id);

    private void Place(int buckets)
    {
        _buckets = new uint[buckets];
        _numberBits = BitsOf(buckets);
        for (var number = 0; number < Count; number++)
            PlaceOne(number);
    }

    private void PlaceOne(int number)
    {
        var hash = HashOf(this[number].Id);
        var at = FirstBucket(hash);
        while (_buckets[at] != 0)
            at = Next(at);
        _buckets[at] = TagOf(hash) | (uint)(number + 1);
    }

    private static int BitsOf(int buckets) => BitOperations.Log2((uint)buckets) + 1;

    private static uint HashOf(Guid id) => (uint)id.GetHashCode() * Spread;

    // Of any length: the next power of two would leave more than half of a million places empty.
    private int FirstBucket(uint hash) => (int)((hash * (ulong)_buckets.Length) >> HashBits);

    private uint TagOf(uint hash) => hash << _numberBits;

    private int Next(int bucket) => bucket + 1 == _buckets.Length ? 0 : bucket + 1;

    /// <summary>The copies of one operation.</summary>
    public readonly struct MatchEnumerable(OperationTable table, Guid id)
    {
        public MatchEnumerator GetEnumerator() => new(table, id);
    }

    /// <summary>Walks the places where the id may be, up to the first empty one.</summary>
    public struct MatchEnumerator(OperationTable table, Guid id)
    {
        private readonly uint _tag = table.TagOf(HashOf(id));
        private int _next = table.FirstBucket(HashOf(id));

        public int Current { get; private set; }

        public bool MoveNext()
        {
            while (true)
            {
                var held = table._buckets[_next];
                if (held == 0)
                    return false;
                _next = table.Next(_next);
                var number = held ^ _tag;
                if (number >> table._numberBits != 0 || table[(int)number - 1].Id != id)
                    continue;
                Current = (int)number - 1;
                return true;
            }
        }
    }
}
