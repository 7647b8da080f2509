namespace ConversationHub.Store.Index;

/// <summary>Numbers in the order in which they were added: four bytes each, and growing copies at most one chunk. Not thread-safe.</summary>
internal sealed class NumberList
{
    private const int ChunkNumbers = 1 << 12;
    private const int FirstCapacity = 4;

    private readonly List<int[]> _full = [];
    private int[] _last = [];
    private int _inLast;

    public int Count => (_full.Count * ChunkNumbers) + _inLast;

    public int this[int index] => index / ChunkNumbers is var chunk && chunk < _full.Count ? _full[chunk][index % ChunkNumbers] : _last[index % ChunkNumbers];

    public void Add(int number)
    {
        if (_inLast == _last.Length)
            Array.Resize(ref _last, Math.Max(FirstCapacity, _last.Length * 2));
        _last[_inLast++] = number;
        if (_inLast < ChunkNumbers)
            return;
        _full.Add(_last);
        _last = [];
        _inLast = 0;
    }
}
