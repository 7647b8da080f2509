namespace ConversationHub.Store.Log;

/// <summary>Where everything of one store lies (wire.md §10.1).</summary>
internal sealed record LogFolder(string Root)
{
    public string Log => Path.Combine(Root, "log");

    /// <summary>Copies of bytes that were cut or replaced.</summary>
    public string Damaged => Path.Combine(Log, "damaged");

    /// <summary>There while some of the kept copies could not be read when erased text was removed from them (<see cref="Compaction.ErasedCopies"/>).</summary>
    public string MissedCopies => Path.Combine(Log, "copies.missed");

    public string Lock => Path.Combine(Log, "lock");

    /// <summary>The store's own id (<see cref="Origins.StoreIdentity"/>).</summary>
    public string Identity => Path.Combine(Log, "store.json");

    /// <summary>How much of its own has left for peers (<see cref="Origins.SentMark"/>).</summary>
    public string Sent => Path.Combine(Log, "sent.json");

    /// <summary>What a repair could not bring back (<see cref="Repair.KnownLosses"/>).</summary>
    public string Lost => Path.Combine(Log, "lost.json");

    /// <summary>The clock of retention (<see cref="Retention.LogRetention"/>).</summary>
    public string Retention => Path.Combine(Log, "retention.json");

    /// <summary>How far the check of the log has come (<see cref="Housekeeping.ScrubPlace"/>); may be deleted at any time.</summary>
    public string Scrub => Path.Combine(Log, "scrub.json");

    /// <summary>What the files beside the log were written as (<see cref="Views.WrittenViews"/>).</summary>
    public string WrittenViews => Path.Combine(Log, "views.sums");

    public string IndexView => Path.Combine(Root, "index.json");

    /// <summary>The index as it was at one moment (<see cref="Snapshots.SnapshotFile"/>); may be deleted at any time.</summary>
    public string Snapshot => Path.Combine(Log, "index.snapshot");

    /// <summary>Files of the search index; may be deleted while no process holds the store.</summary>
    public string Search => Path.Combine(Log, "search");

    /// <summary>There while the store is closed and its files are not behind.</summary>
    public string Clean => Path.Combine(Log, "clean");

    public string Imports => Path.Combine(Root, "imports.json");

    /// <summary>Bytes of imported files, and of those that other programs wrote where views stand now. They never change.</summary>
    public string Imported => Path.Combine(Root, "imported");

    public string ImportedCopy(string sha256) => Path.Combine(Imported, sha256 + ".json");

    public string View(string fileName) => Path.Combine(Root, fileName);

    /// <summary>Files that a crash left half written. They may hold text that was erased since.</summary>
    /// <param name="inRoot">False: those among the conversations' files are left to <see cref="Views.ViewWriter"/>, which is the one that makes them.</param>
    public IEnumerable<string> ListTemporary(bool inRoot) => Directory.EnumerateFiles(Log, "*" + Disk.AtomicFile.TemporarySuffix)
        .Append(Imports + Disk.AtomicFile.TemporarySuffix).Concat(inRoot ? ListTemporaryViews() : []);

    /// <summary>The same among the conversations' files.</summary>
    public IEnumerable<string> ListTemporaryViews() => Directory.EnumerateFiles(Root, "*" + Disk.AtomicFile.TemporarySuffix)
        .Where(path => path != Imports + Disk.AtomicFile.TemporarySuffix);

    public string Segment(int number) => Path.Combine(Log, SegmentName.Of(number));

    /// <summary>Numbers of the segments there are, in order.</summary>
    public IReadOnlyList<int> ListSegments()
    {
        var numbers = new List<int>();
        foreach (var path in Directory.EnumerateFiles(Log))
        {
            if (SegmentName.TryParse(Path.GetFileName(path), out var number))
                numbers.Add(number);
        }

        numbers.Sort();
        return numbers;
    }
}
