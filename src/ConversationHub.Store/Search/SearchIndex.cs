namespace ConversationHub.Store.Search;

/// <summary>
/// An inverted index over all documents: files on disk, and the newest in memory. One thread adds, another keeps the files
/// (<see cref="SearchKeeper"/>); any may search at the same time, without a lock, so that a long search delays no write.
/// </summary>
internal sealed class SearchIndex(bool isOn = true)
{
    /// <summary>With so many documents in memory they are to go to disk.</summary>
    public const int DocumentsInMemory = 1 << 13;

    /// <summary>Or with so many terms, since those of long texts take the room.</summary>
    public const int TermsInMemory = 1 << 17;

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SegmentSet _current = new([], [new MemorySegment(0)]);
    private long _totalLength;
    private int _count;

    /// <summary>False: nothing is indexed and nothing is found here.</summary>
    public bool IsOn => isOn;

    /// <summary>Ends when somebody waits in <see cref="LoadedAsync"/>: then the files are to be read at once.</summary>
    public Task Wanted => _wanted.Task;

    public DocumentTable Documents { get; } = new();

    public SegmentSet Current => Volatile.Read(ref _current);

    /// <summary>Called, from any thread, with a file whose lists are not what was written.</summary>
    public Action<DiskSegment>? Damaged { get; set; }

    /// <summary>True when the document is not to be added any more: a file of an earlier run has it, or will be made to.</summary>
    public bool Covers(int document) => document < Current.Memory[0].From;

    /// <param name="document">Greater than any before.</param>
    public void Add(int document, DocumentFacts facts, TermCounts terms)
    {
        if (!isOn || Covers(document))
            return;
        Count(document, facts);
        var memory = Current.Memory[^1];
        memory.Add(document, terms);
        if (memory.Documents >= DocumentsInMemory || memory.Terms >= TermsInMemory)
            Rotate();
    }

    /// <summary>Takes what is known of a document that an earlier run indexed, or that is being indexed anew.</summary>
    public void Count(int document, DocumentFacts facts)
    {
        if (facts.Length == 0)
            return;
        if (Documents[document].Length == 0)
        {
            Interlocked.Add(ref _totalLength, facts.Length);
            Interlocked.Increment(ref _count);
        }

        Documents.Set(document, facts);
    }

    /// <summary>What is in memory is complete and can go to disk; later documents go to a new part. By the thread that adds only, or while it rests.</summary>
    public void Rotate()
    {
        lock (_gate)
        {
            if (_current.Memory[^1] is { } last && last.To > last.From)
                Volatile.Write(ref _current, _current with { Memory = [.. _current.Memory, new MemorySegment(last.To)] });
        }
    }

    /// <summary>
    /// Ends when the files of an earlier run were read (<see cref="SearchKeeper.Load"/>), which happens beside everything else after a start: what is
    /// ranked before that leaves out what they hold.
    /// </summary>
    public Task LoadedAsync()
    {
        _wanted.TrySetResult();
        return _loaded.Task;
    }

    /// <summary>Lets those go on who wait in <see cref="LoadedAsync"/>.</summary>
    public void SetLoaded() => _loaded.TrySetResult();

    /// <summary>Lets the part in memory begin at a document; only before the first is added.</summary>
    public void BeginAt(int document)
    {
        lock (_gate)
            Volatile.Write(ref _current, _current with { Memory = [new MemorySegment(document)] });
    }

    /// <summary>Puts files in the place of files and of documents in memory.</summary>
    public void Replace(IReadOnlyCollection<DiskSegment> files, MemorySegment? memory, IEnumerable<DiskSegment> by)
    {
        lock (_gate)
        {
            Volatile.Write(ref _current, new SegmentSet(
                [.. _current.Disk.Except(files).Concat(by).OrderBy(static segment => segment.From)],
                [.. _current.Memory.Where(one => one != memory)]));
        }

        foreach (var file in files)
            file.Replaced();
    }

    /// <summary>Documents that hold any of the terms, best first; of equal ones the newest first.</summary>
    public IReadOnlyList<ScoredDocument> Rank(IReadOnlyList<string> terms, SearchFilter filter, int limit)
    {
        while (true)
        {
            var set = Current;
            if (!set.TryLease())
                continue;
            try
            {
                var documents = Math.Max(1, Volatile.Read(ref _count));
                return DocumentScorer.Rank(
                    set, Documents, [.. terms.Select(static term => TermHash.Of(term)).Distinct()], filter, limit, documents,
                    Math.Max(1.0, (double)Interlocked.Read(ref _totalLength) / documents), file => Damaged?.Invoke(file));
            }
            finally
            {
                set.Release();
            }
        }
    }

    /// <summary>Closes the files.</summary>
    public void Close()
    {
        SegmentSet closed;
        lock (_gate)
        {
            closed = _current;
            Volatile.Write(ref _current, closed with { Disk = [] });
        }

        closed.Release();
    }
}
