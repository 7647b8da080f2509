namespace ConversationHub.Store.Log;

/// <summary>Where everything of one store lies (wire.md §10.1).</summary>
internal sealed record LogFolder(string Root)
{
    public string Log => Path.Combine(Root, "log");

    /// <summary>Copies of bytes that were cut or replaced.</summary>
    public string Damaged => Path.Combine(Log, "damaged");

    /// <summary>Copies of files that other programs wrote where views stand now.</summary>
    public string Imported => Path.Combine(Root, "imported");

    public string Lock => Path.Combine(Log, "lock");

    /// <summary>The store's own id (<see cref="Origins.StoreIdentity"/>).</summary>
    public string Identity => Path.Combine(Log, "store.json");

    public string IndexView => Path.Combine(Root, "index.json");

    public string View(string fileName) => Path.Combine(Root, fileName);

    /// <summary>Files that a crash left half written. They may hold text that was erased since.</summary>
    public IEnumerable<string> ListTemporary() => Directory.EnumerateFiles(Root, "*" + Disk.AtomicFile.TemporarySuffix)
        .Concat(Directory.EnumerateFiles(Log, "*" + Disk.AtomicFile.TemporarySuffix));

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
