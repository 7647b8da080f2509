namespace ConversationHub.Store.Log;

/// <summary>
/// Tells a torn tail from damage in the middle while the lines of a segment go by: bad bytes are damage
/// once a good line follows them, and a tail while none does.
/// </summary>
internal sealed class SegmentDamage(string segment)
{
    private readonly List<DamagedRegion> _regions = [];
    private LinePosition? _bad;

    public IReadOnlyList<DamagedRegion> Regions => _regions;

    /// <summary>Where the bytes after the last good line begin, if there are any.</summary>
    public LinePosition? Tail => _bad;

    public void Good(LinePosition at)
    {
        if (_bad is { } bad)
            _regions.Add(new DamagedRegion(segment, bad.Number, bad.Offset, at.Offset - bad.Offset));
        _bad = null;
    }

    public void Bad(LinePosition at) => _bad ??= at;

    /// <summary>For a segment that is not the newest: good lines follow in the next one, so what looked like a tail is damage.</summary>
    public void EndOfOlderSegment(long length)
    {
        if (_bad is { } bad)
            _regions.Add(new DamagedRegion(segment, bad.Number, bad.Offset, length - bad.Offset));
        _bad = null;
    }
}
