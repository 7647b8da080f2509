namespace ConversationHub.Store.Index;

/// <summary>
/// The surfaces of a conversation in the order of first use, as one number. Hundreds of thousands of conversations have the same few sequences, so
/// each is kept once: as a shorter one and the surface after it. None is ever removed. Not thread-safe.
/// </summary>
internal sealed class SurfaceSequences
{
    public const int Empty = 0;

    // By number; that of the empty one is never looked at.
    private readonly List<(int Shorter, ushort Last)> _sequences = [default];
    private readonly Dictionary<ulong, int> _longer = [];

    /// <returns>The same sequence when it has the surface.</returns>
    public int With(int sequence, ushort surface)
    {
        if (Has(sequence, surface))
            return sequence;
        var key = ((ulong)sequence << 16) | surface;
        if (!_longer.TryGetValue(key, out var longer))
        {
            _longer[key] = longer = _sequences.Count;
            _sequences.Add((sequence, surface));
        }

        return longer;
    }

    public bool Has(int sequence, ushort surface)
    {
        for (; sequence != Empty; sequence = _sequences[sequence].Shorter)
        {
            if (_sequences[sequence].Last == surface)
                return true;
        }

        return false;
    }

    public IReadOnlyList<ushort> Of(int sequence)
    {
        var surfaces = new List<ushort>();
        for (; sequence != Empty; sequence = _sequences[sequence].Shorter)
            surfaces.Add(_sequences[sequence].Last);
        surfaces.Reverse();
        return surfaces;
    }
}
