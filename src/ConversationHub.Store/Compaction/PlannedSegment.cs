namespace ConversationHub.Store.Compaction;

/// <summary>Where the operations of one segment stand, in the order of the file.</summary>
internal sealed class PlannedSegment
{
    private readonly List<PlannedLine> _lines = [];
    private bool _isSorted = true;

    public int Count => _lines.Count;

    public void Add(int number, long offset, int length)
    {
        _isSorted &= _lines.Count == 0 || _lines[^1].Offset < offset;
        _lines.Add(new PlannedLine(number, offset, length));
    }

    /// <summary>Those that begin in a range of bytes.</summary>
    public IEnumerable<PlannedLine> Within(long from, long end)
    {
        if (!_isSorted)
            _lines.Sort(static (left, right) => left.Offset.CompareTo(right.Offset));
        _isSorted = true;
        var low = 0;
        for (var high = _lines.Count; low < high;)
        {
            var middle = (low + high) / 2;
            if (_lines[middle].Offset < from)
                low = middle + 1;
            else
                high = middle;
        }

        for (; low < _lines.Count && _lines[low].Offset < end; low++)
            yield return _lines[low];
    }
}

/// <param name="Number">Of the operation.</param>
internal readonly record struct PlannedLine(int Number, long Offset, int Length);
