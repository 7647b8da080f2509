using System.Buffers.Binary;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Search;

/// <summary>
/// Keeps the search files: writes what gathered in memory, merges, takes out what was erased, and makes anew what is missing or damaged.
/// Thread-safe: one of these at a time.
/// </summary>
internal sealed class SearchKeeper(LogState state, SegmentFiles segments, LogFolder folder, IDisk disk, ILogger logger) : IDisposable
{
    /// <summary>Entries looked at while the gate is held.</summary>
    private const int GateEntries = 1 << 12;

    /// <summary>Parts of <see cref="SearchIndex.DocumentsInMemory"/>: others who wait for the log's files get their turn in between.</summary>
    private const int FilledPerRound = 16;

    private readonly Lock _turn = new();
    private readonly SearchFiles _files = new(folder);
    private readonly HashSet<DiskSegment> _damaged = [];
    private Queue<FoundSearchFile> _unread = [];
    private bool _isLoaded;
    private volatile bool _isStopping;

    private SearchIndex Search => state.Search;

    /// <summary>Ends when somebody waits for what <see cref="Load"/> reads.</summary>
    public Task Wanted => Search.Wanted;

    /// <summary>Before the log is read: finds the files of an earlier run, or deletes them when the log is read from its beginning.</summary>
    /// <param name="held">Operations that are known already.</param>
    public void Open(int held)
    {
        if (held == 0 || !Search.IsOn)
        {
            _files.DeleteAll();
            return;
        }

        _unread = new Queue<FoundSearchFile>(_files.Find(name => StoreTelemetry.SearchFileDamaged(logger, name)));
        Search.BeginAt(Math.Max(held, _unread.Count > 0 ? _unread.Last().Header.To : 0));
    }

    /// <summary>After the log was read: leaves files away whose last document is not the one they were made of.</summary>
    public void Complete()
    {
        Search.Damaged = MarkDamaged;
        var operations = state.Index.Operations;
        var fitting = _unread.ToLookup(file => file.Header.To <= operations.Count && operations[file.Header.To - 1].Id == file.Header.LastId);
        foreach (var file in fitting[false])
        {
            StoreTelemetry.SearchFileDamaged(logger, Path.GetFileName(file.Path));
            File.Delete(file.Path);
        }

        _unread = new Queue<FoundSearchFile>(fitting[true]);

        // A file that went on behind the end of the log has nothing to say of what will stand there.
        if (Search.Covers(operations.Count))
            Search.BeginAt(operations.Count);
    }

    /// <summary>Reads the files of an earlier run, once; what no file has is indexed, now when it is little, else by <see cref="Work"/>.</summary>
    public void Load() => Try(Load_NeedsTurn);

    /// <summary>Does what is due: files for what gathered, merges, what is missing.</summary>
    /// <returns>False when a file could not be written; it is tried again.</returns>
    public bool Work()
    {
        if (!Search.IsOn)
            return true;
        return Try(() =>
        {
            Load_NeedsTurn();
            if (!_isLoaded)
                return;
            DropDamaged();
            FlushFull();
            FillGaps();
            Merge();
        });
    }

    /// <summary>Writes what gathered in memory, but for what is being added to. What cannot be written stays there.</summary>
    public void WriteGathered() => Try(FlushFull);

    /// <summary>Takes every erased document out of every file. Its words are gone from the disk when this returns.</summary>
    /// <exception cref="IOException">Some may be left.</exception>
    public void Purge()
    {
        if (!Search.IsOn)
            return;
        lock (_turn)
        {
            Load_NeedsTurn();
            if (!_isLoaded)
                throw new IOException("The search index is not read while the store is being closed.");
            foreach (var file in Search.Current.Disk)
            {
                var gone = Gone(file.From, file.To);
                var isClean = true;
                for (var at = 0; at < gone.Length && isClean; at++)
                    isClean = !gone[at] || Search.Documents[file.From + at].Length == 0;
                if (!isClean)
                    Purge(file, gone);
            }

            DropDamaged();
        }
    }

    /// <summary>Work that is under way ends soon, and none is begun any more.</summary>
    public void Stop() => _isStopping = true;

    /// <summary>Writes what is in memory; only when nothing is added any more.</summary>
    public void Close()
    {
        if (!Search.IsOn)
            return;
        Search.Rotate();
        Try(FlushFull);
    }

    public void Dispose() => Search.Close();

    private bool Try(Action work)
    {
        lock (_turn)
        {
            try
            {
                work();
                return true;
            }
            catch (DamagedSearchFileException damage)
            {
                // Dropped in the next round, and made anew.
                MarkDamaged(damage.Segment);
                return false;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                StoreTelemetry.SearchFilesBehind(logger, error.Message);
                return false;
            }
        }
    }

    private void Load_NeedsTurn()
    {
        try
        {
            if (_isLoaded)
                return;
            while (!_isStopping && _unread.TryPeek(out var found))
            {
                if (DiskSegment.TryOpen(found.Path) is { } file)
                {
                    Count(file);
                    Search.Replace([], null, [file]);
                }
                else
                {
                    StoreTelemetry.SearchFileDamaged(logger, Path.GetFileName(found.Path));
                    File.Delete(found.Path);
                }

                _unread.Dequeue();
            }

            if (_unread.Count > 0)
                return;
            _isLoaded = true;
            if (Gaps().Sum(static gap => gap.To - gap.From) <= SearchIndex.DocumentsInMemory)
                FillGaps();
        }
        finally
        {
            // Whatever became of it: nobody is to wait for ever.
            Search.SetLoaded();
        }
    }

    /// <summary>Commits go on meanwhile, so the gate is held for a piece at a time.</summary>
    private void Count(DiskSegment file) => file.ReadFacts((number, facts) =>
    {
        lock (state.Gate)
        {
            for (; facts.Length > 0; number++, facts = facts[SegmentHeader.FactBytes..])
            {
                ref readonly var entry = ref state.Index.Operations[number];
                if (entry.Conversation >= 0 && BinaryPrimitives.ReadUInt16LittleEndian(facts[4..]) is > 0 and var length)
                    Search.Count(number, new DocumentFacts(OwnerOf_NeedsGate(entry), BinaryPrimitives.ReadUInt32LittleEndian(facts), entry.Surface, length));
            }
        }
    });

    private int OwnerOf_NeedsGate(in OperationEntry entry) => state.Index.Conversations.Row(entry.Conversation).Owner;

    private void FlushFull()
    {
        while (Search.Current.Memory is { Count: > 1 } memory)
            Flush(memory[0]);
    }

    private void Purge(DiskSegment file, bool[] gone)
    {
        try
        {
            Rewrite([file], gone);
        }
        catch (DamagedSearchFileException)
        {
            // What cannot be taken out singly goes as a whole.
            MarkDamaged(file);
        }
    }

    private void Flush(MemorySegment memory)
    {
        if (memory.To > memory.From)
            Publish([], memory, path => SegmentMerge.Write(path, disk, memory, Search.Documents, Gone(memory.From, memory.To), IdOf(memory.To - 1)), memory.From, memory.To);
        else
            Search.Replace([], memory, []);
    }

    private void Merge()
    {
        while (!_isStopping && MergePolicy.Choose([.. Search.Current.Disk.Select(static file => file.Header.Documents)]) is var (first, count))
        {
            var files = Search.Current.Disk.Skip(first).Take(count).ToArray();

            // A gap between two is filled before they are merged.
            for (var at = 1; at < files.Length; at++)
            {
                if (files[at].From != files[at - 1].To)
                    return;
            }

            Rewrite(files, Gone(files[0].From, files[^1].To));
        }
    }

    private void Rewrite(DiskSegment[] files, bool[] gone)
    {
        var (from, to) = (files[0].From, files[^1].To);
        Publish(files, null, path => SegmentMerge.Write(path, disk, files, Search.Documents, gone, IdOf(to - 1)), from, to);
        for (var at = 0; at < gone.Length; at++)
        {
            if (gone[at])
                Search.Documents.Set(from + at, default);
        }
    }

    /// <param name="write">Writes the file of that name.</param>
    private void Publish(IReadOnlyCollection<DiskSegment> files, MemorySegment? memory, Action<string> write, int from, int to)
    {
        _files.MakeFolder();
        var path = _files.Path(from, to);
        write(path);
        var made = DiskSegment.TryOpen(path) ?? throw new IOException($"{path} is not what was written.");
        foreach (var file in files)
        {
            // The new file may have the old one's name: then there is none to delete.
            if (file.From == from && file.To == to)
                file.KeepName();
        }

        Search.Replace(files, memory, [made]);
    }

    private void MarkDamaged(DiskSegment file)
    {
        lock (_damaged)
        {
            if (_damaged.Add(file))
                StoreTelemetry.SearchFileDamaged(logger, $"{file.From}-{file.To}");
        }
    }

    private void DropDamaged()
    {
        DiskSegment[] damaged;
        lock (_damaged)
        {
            damaged = [.. _damaged.Where(Search.Current.Disk.Contains)];
            _damaged.Clear();
        }

        if (damaged.Length > 0)
            Search.Replace(damaged, null, []);
    }

    private List<(int From, int To)> Gaps()
    {
        var gaps = new List<(int, int)>();
        var end = 0;
        var set = Search.Current;
        foreach (var (from, to) in set.Disk.Select(static file => (file.From, file.To)).Append((set.Memory[0].From, int.MaxValue)))
        {
            if (from > end)
                gaps.Add((end, from));
            end = to;
        }

        return gaps;
    }

    private void FillGaps()
    {
        var left = FilledPerRound;
        foreach (var (from, to) in Search.IsOn ? Gaps() : [])
        {
            StoreTelemetry.SearchRebuilt(logger, to - from);
            for (var start = from; start < to && left > 0 && !_isStopping; start += SearchIndex.DocumentsInMemory, left--)
                Fill(start, Math.Min(to, start + SearchIndex.DocumentsInMemory));
        }
    }

    /// <summary>Indexes documents from their lines in the log.</summary>
    private void Fill(int from, int to)
    {
        var memory = new MemorySegment(from);
        var gone = Gone(from, to);
        for (var number = from; number < to; number++)
        {
            LineLocation place = default;
            DocumentFacts facts = default;
            if (!gone[number - from])
            {
                lock (state.Gate)
                {
                    ref readonly var entry = ref state.Index.Operations[number];
                    if ((entry.Flags & EntryFlags.Message) != 0 && entry.Conversation >= 0)
                    {
                        place = new LineLocation(entry.Segment, entry.Offset, entry.Length);
                        facts = new DocumentFacts(OwnerOf_NeedsGate(entry), 0, entry.Surface, 0);
                    }
                }
            }

            var terms = TermCounts.Empty;
            if (place.Length > 0 && segments.TryRead(place, out _, out var content) && content is OperationContent.Message message)
            {
                terms = SearchPolicy.TermsOf(message.Body);
                Search.Count(number, facts with { Second = DocumentFacts.SecondOf(message.Body.Timestamp), Length = DocumentFacts.LengthOf(terms) });
            }

            memory.Add(number, terms);
        }

        Publish([], null, path => SegmentMerge.Write(path, disk, memory, Search.Documents, gone, IdOf(to - 1)), from, to);
    }

    private bool[] Gone(int from, int to)
    {
        var gone = new bool[to - from];
        for (var start = from; start < to; start += GateEntries)
        {
            lock (state.Gate)
            {
                for (var number = start; number < Math.Min(to, start + GateEntries); number++)
                    gone[number - from] = (state.Index.Operations[number].Flags & (EntryFlags.Erased | EntryFlags.Stub)) != 0 || state.Index.HasErasedText(number);
            }
        }

        return gone;
    }

    private Guid IdOf(int number)
    {
        lock (state.Gate)
            return state.Index.Operations[number].Id;
    }
}
