namespace ConversationHub.Store.Index;

/// <summary>The origins whose operations are held, and how far each goes. Not thread-safe.</summary>
internal sealed class OriginTable
{
    private readonly List<OriginEntry> _entries = [];

    public NameTable Names { get; } = new();

    public IReadOnlyList<OriginEntry> All => _entries;

    public int GetOrAdd(string origin, string user)
    {
        var number = Names.GetOrAdd(origin);
        if (number == _entries.Count)
            _entries.Add(new OriginEntry(user));
        return number;
    }

    /// <summary>Null when nothing of the origin is held.</summary>
    public OriginEntry? Find(string origin) => Names.TryGet(origin, out var number) ? _entries[number] : null;

    /// <summary>Notes where an operation is.</summary>
    /// <param name="number">Its entry.</param>
    public void Place(int origin, int seq, int number, bool isErasure) => _entries[origin].Place(seq, number, isErasure);

    /// <summary>Greatest sequence number held of an origin; 0 when there is none.</summary>
    public int LastSeq(string origin) => Find(origin)?.LastSeq ?? 0;
}
