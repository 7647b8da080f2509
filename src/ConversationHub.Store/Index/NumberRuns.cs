using System.Runtime.CompilerServices;

namespace ConversationHub.Store.Index;

/// <summary>
/// Numbers in the order in which they were added. Those that follow one upon another are one run, of which is kept how long it is and how far from
/// its end the next one begins: next to nothing for a backend that writes alone, two or three bytes a run where the streams of many take turns.
/// Not thread-safe.
/// </summary>
internal sealed class NumberRuns
{
    /// <summary>One of so many runs is found at once, and those behind it are walked.</summary>
    private const int RunsPerMark = 32;

    private const int FewestGrown = 64;

    /// <summary>Grows by this share: twice as much would leave more unused than all runs take.</summary>
    private const int ShareGrown = 8;

    // Of the first of each so many runs that ended: where it begins, its first number, and where it stands in the bytes.
    private readonly List<(int Start, int Number, int At)> _marks = [];

    // Two numbers for each run that ended.
    private byte[] _bytes = [];
    private int _used;
    private int _ended;

    // The last run, which is added to.
    private int _start;
    private int _number;

    public int Count { get; private set; }

    /// <summary>What all of it takes, beside a few that do not grow.</summary>
    public int Bytes => _bytes.Length + (_marks.Capacity * Unsafe.SizeOf<(int, int, int)>());

    public int this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return index >= _start ? _number + (index - _start) : Find(index);
        }
    }

    public void Add(int number)
    {
        if (Count > 0 && number != _number + (Count - _start))
            End(number);
        if (_start == Count)
            _number = number;
        Count++;
    }

    private void End(int next)
    {
        if (_ended++ % RunsPerMark == 0)
            _marks.Add((_start, _number, _used));
        if (_bytes.Length - _used < 2 * VariableInteger.MostBytes)
            Array.Resize(ref _bytes, _bytes.Length + Math.Max(FewestGrown, _bytes.Length / ShareGrown));
        var length = Count - _start;
        var gap = next - (_number + length);
        _used = VariableInteger.Write(_bytes, _used, (uint)length);
        _used = VariableInteger.Write(_bytes, _used, (uint)((gap << 1) ^ (gap >> 31)));
        _start = Count;
    }

    /// <summary>In a run that ended.</summary>
    private int Find(int index)
    {
        var (low, high) = (0, _marks.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_marks[middle].Start <= index)
                low = middle;
            else
                high = middle - 1;
        }

        for (var (start, number, at) = _marks[low]; ;)
        {
            var length = (int)VariableInteger.Read(_bytes, ref at);
            if (index < start + length)
                return number + (index - start);
            var gap = VariableInteger.Read(_bytes, ref at);
            start += length;
            number += length + (int)(gap >> 1 ^ (uint)-(int)(gap & 1));
        }
    }
}
