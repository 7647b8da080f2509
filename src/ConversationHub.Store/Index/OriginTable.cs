namespace ConversationHub.Store.Index;

/// <summary>The origins whose operations are held, and how far each goes. Not thread-safe.</summary>
internal sealed class OriginTable
{
    private readonly List<int> _lastSeqs = [];

    public NameTable Names { get; } = new();

    public int GetOrAdd(string origin)
    {
        var number = Names.GetOrAdd(origin);
        if (number == _lastSeqs.Count)
            _lastSeqs.Add(0);
        return number;
    }

    public void Saw(int origin, int seq) => _lastSeqs[origin] = Math.Max(_lastSeqs[origin], seq);

    /// <summary>Greatest sequence number held of an origin; 0 when there is none.</summary>
    public int LastSeq(string origin) => Names.TryGet(origin, out var number) ? _lastSeqs[number] : 0;
}
