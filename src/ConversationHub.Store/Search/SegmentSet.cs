namespace ConversationHub.Store.Search;

/// <summary>What the index is made of at one moment: files and, after them, documents in memory. Never changes.</summary>
/// <param name="Disk">By their documents.</param>
/// <param name="Memory">By their documents; the last is the one that is added to.</param>
internal sealed record SegmentSet(IReadOnlyList<DiskSegment> Disk, IReadOnlyList<MemorySegment> Memory)
{
    /// <summary>Keeps every file open until <see cref="Release"/>.</summary>
    /// <returns>False when one was closed meanwhile: then there is a newer set.</returns>
    public bool TryLease()
    {
        for (var at = 0; at < Disk.Count; at++)
        {
            if (Disk[at].TryLease())
                continue;
            while (--at >= 0)
                Disk[at].Release();
            return false;
        }

        return true;
    }

    public void Release()
    {
        foreach (var segment in Disk)
            segment.Release();
    }
}
