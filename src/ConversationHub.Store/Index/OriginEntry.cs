namespace ConversationHub.Store.Index;

/// <summary>One stream of operations: which of its sequence numbers are held, and where. Not thread-safe.</summary>
/// <param name="user">Whose operations it holds.</param>
internal sealed class OriginEntry(string user)
{
    private readonly NumberRuns _inTurn = new();

    // What came before its turn: erasures of a peer, and what stands after a hole in the log.
    private Dictionary<int, int>? _early;
    private List<int>? _erasures;

    public string User { get; } = user;

    /// <summary>The greatest sequence number held.</summary>
    public int LastSeq { get; private set; }

    /// <summary>The greatest n such that all operations 1…n are held.</summary>
    public int Contiguous => _inTurn.Count;

    /// <summary>Sequence numbers of the erasures held, in no order.</summary>
    public IReadOnlyList<int> Erasures => _erasures ?? [];

    /// <summary>Sequence numbers held that lie beyond a hole, in no order.</summary>
    public IEnumerable<int> Early => _early?.Keys ?? Enumerable.Empty<int>();

    /// <summary>Entry number of an operation; <see cref="OperationEntry.None"/> when it is not held.</summary>
    public int NumberAt(long seq)
    {
        if (seq >= 1 && seq <= _inTurn.Count)
            return _inTurn[(int)seq - 1];
        return _early is not null && seq <= int.MaxValue && _early.TryGetValue((int)seq, out var number) ? number : OperationEntry.None;
    }

    public void Place(int seq, int number, bool isErasure)
    {
        if (NumberAt(seq) != OperationEntry.None)
            return;
        LastSeq = Math.Max(LastSeq, seq);
        if (isErasure)
            (_erasures ??= []).Add(seq);
        if (seq != Contiguous + 1)
        {
            (_early ??= [])[seq] = number;
            return;
        }

        _inTurn.Add(number);
        while (_early is not null && _early.Remove(Contiguous + 1, out var next))
            _inTurn.Add(next);
        if (_early is { Count: 0 })
            _early = null;
    }
}
