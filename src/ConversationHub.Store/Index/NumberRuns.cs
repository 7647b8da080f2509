namespace ConversationHub.Store.Index;

/// <summary>
/// Numbers in the order in which they were added. Those that follow one upon another are kept as one run, 8 bytes: what one backend writes
/// mostly stands together, so that a million operations take a few runs. Not thread-safe.
/// </summary>
internal sealed class NumberRuns
{
    // Where each run begins, and its first number.
    private readonly List<(int Start, int Number)> _runs = [];

    public int Count { get; private set; }

    public int this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            var (low, high) = (0, _runs.Count - 1);
            while (low < high)
            {
                var middle = (low + high + 1) / 2;
                if (_runs[middle].Start <= index)
                    low = middle;
                else
                    high = middle - 1;
            }

            return _runs[low].Number + (index - _runs[low].Start);
        }
    }

    public void Add(int number)
    {
        if (_runs.Count == 0 || number != _runs[^1].Number + (Count - _runs[^1].Start))
            _runs.Add((Count, number));
        Count++;
    }
}
