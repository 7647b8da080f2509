namespace Maestra.Backend.Audit;

/// <summary>Records of a chain that one sink has lost.</summary>
/// <param name="First">Number of the first.</param>
/// <param name="Last">Number of the last.</param>
internal readonly record struct AuditGap(long First, long Last)
{
    public bool Touches(AuditGap other) => First <= other.Last + 1 && other.First <= Last + 1;

    public AuditGap With(AuditGap other) => new(Math.Min(First, other.First), Math.Max(Last, other.Last));

    /// <summary>What of it lies outside another.</summary>
    public IEnumerable<AuditGap> Without(AuditGap other)
    {
        if (First < other.First)
            yield return this with { Last = Math.Min(Last, other.First - 1) };
        if (Last > other.Last)
            yield return this with { First = Math.Max(First, other.Last + 1) };
    }
}

/// <summary>
/// What one sink has lost and its chain does not say yet (docs/decisions/0069): <c>audit verify</c> must know a drop from a record that somebody
/// took away. Thread-safe.
/// </summary>
internal sealed class AuditGaps
{
    /// <summary>Beyond these the two nearest become one, which then covers what lies between them too.</summary>
    private const int MaxGaps = 64;

    private readonly Lock _gate = new();
    private readonly List<AuditGap> _untold = [];
    private bool _isFailing;

    public void Lost(AuditRecord record, string sink)
    {
        lock (_gate)
        {
            _isFailing = true;
            Add(new AuditGap(record.Seq, record.Seq));
            if (record.Missing is var (place, gap) && place == sink)
                Add(gap);
        }
    }

    /// <returns>True when there is something to tell, and the sink works.</returns>
    public bool Delivered()
    {
        lock (_gate)
        {
            _isFailing = false;
            return _untold.Count > 0;
        }
    }

    /// <summary>To be told now by a record each; one that is lost brings its gap back.</summary>
    /// <param name="isLast">No other occasion comes: told even if the sink does not seem to work.</param>
    public IReadOnlyList<AuditGap> Take(bool isLast)
    {
        lock (_gate)
        {
            // While a sink takes nothing, telling it would double the records of all the others.
            if (_untold.Count == 0 || (_isFailing && !isLast))
                return [];
            AuditGap[] taken = [.. _untold];
            _untold.Clear();
            return taken;
        }
    }

    private void Add(AuditGap gap)
    {
        for (var i = _untold.Count - 1; i >= 0; i--)
        {
            if (!_untold[i].Touches(gap))
                continue;
            gap = gap.With(_untold[i]);
            _untold.RemoveAt(i);
        }

        var at = _untold.FindIndex(held => held.First > gap.First);
        _untold.Insert(at < 0 ? _untold.Count : at, gap);
        if (_untold.Count <= MaxGaps)
            return;
        var nearest = Enumerable.Range(0, _untold.Count - 1).MinBy(i => _untold[i + 1].First - _untold[i].Last);
        _untold[nearest] = _untold[nearest].With(_untold[nearest + 1]);
        _untold.RemoveAt(nearest + 1);
    }
}
