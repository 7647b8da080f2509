namespace ConversationHub.Store.Index;

/// <summary>
/// Entry numbers in an order that the caller keeps. Small when there are few: most conversations are short. Those that are restored together
/// share one array until they grow. To be changed in its place only: a copy shares what is behind it.
/// </summary>
internal struct EntryOrder
{
    private const int FirstCapacity = 2;

    // Null while it was never filled.
    private int[]? _numbers;
    private int _start;
    private int _room;

    /// <param name="shared">Where others stand too.</param>
    /// <param name="start">From here on, for <paramref name="count"/> numbers, it is this one's alone.</param>
    public EntryOrder(int[] shared, int start, int count)
    {
        (_numbers, _start, _room) = (shared, start, count);
        Count = count;
    }

    public int Count { get; private set; }

    public readonly int this[int index] => _numbers![_start + index];

    public void Insert(int index, int number)
    {
        if (Count == _room)
            Grow();
        Array.Copy(_numbers!, _start + index, _numbers!, _start + index + 1, Count - index);
        _numbers![_start + index] = number;
        Count++;
    }

    public void RemoveAt(int index)
    {
        Count--;
        Array.Copy(_numbers!, _start + index + 1, _numbers!, _start + index, Count - index);
    }

    public void RemoveFirst(int count)
    {
        if (count == 0)
            return;
        Count -= count;
        _numbers = _numbers.AsSpan(_start + count, Count).ToArray();
        (_start, _room) = (0, Count);
    }

    private void Grow()
    {
        _room = Math.Max(FirstCapacity, Count + (Count / 2));
        var numbers = new int[_room];
        _numbers.AsSpan(_start, Count).CopyTo(numbers);
        (_numbers, _start) = (numbers, 0);
    }
}
