namespace ConversationHub.Store.Index;

/// <summary>Entry numbers in an order that the caller keeps. Small when there are few: most conversations are short.</summary>
internal sealed class EntryOrder
{
    private const int FirstCapacity = 2;
    private int[] _numbers = [];

    public int Count { get; private set; }

    public int this[int index] => _numbers[index];

    public int Last => _numbers[Count - 1];

    /// <summary>Makes room at once for so many.</summary>
    public void Reserve(int count)
    {
        if (count > _numbers.Length)
            Array.Resize(ref _numbers, count);
    }

    public void Insert(int index, int number)
    {
        if (Count == _numbers.Length)
            Array.Resize(ref _numbers, Math.Max(FirstCapacity, Count + (Count / 2)));
        Array.Copy(_numbers, index, _numbers, index + 1, Count - index);
        _numbers[index] = number;
        Count++;
    }

    public void RemoveAt(int index)
    {
        Count--;
        Array.Copy(_numbers, index + 1, _numbers, index, Count - index);
    }

    public void RemoveFirst(int count)
    {
        Count -= count;
        _numbers = _numbers.AsSpan(count, Count).ToArray();
    }
}
