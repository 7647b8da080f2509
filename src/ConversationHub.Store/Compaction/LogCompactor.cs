using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Search;
using ConversationHub.Store.Snapshots;
using ConversationHub.Store.Writing;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Compaction;

/// <summary>
/// Removes the text of erased operations from the log: whole segments are written anew, beside the writer, which only begins a new segment.
/// Stubs of ids and clocks stay, so that a late copy is recognised (wire.md §4). Thread-safe.
/// </summary>
internal sealed class LogCompactor(
    LogState state, CommitLoop writer, SegmentFiles files, SearchKeeper search, SnapshotKeeper snapshots, SemaphoreSlim turn,
    LogFolder folder, IDisk disk, StatusBoard board, TimeProvider time, ILogger logger,
    IProgress<StoreProgress>? progress = null)
{
    private readonly SegmentRewriter _rewriter = new(files, disk);
    private readonly ErasedCopies _copies = new(state, folder, disk);

    /// <returns>Null when nothing erased is left, else why some may be.</returns>
    public async Task<StoreFailure?> CompactAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!HasWork(out var newest))
                return Attempt(() => _copies.AreDue ? Failure(_copies.Drop(Plan(newest))) : null);

            // What is appended from here on goes to a segment that is not touched.
            var newSegment = new PendingWrite(WriteKind.NewSegment, null, null, []) { At = time.GetUtcNow() };
            writer.Submit(newSegment);
            if (await newSegment.Done.WaitAsync(cancellationToken).ConfigureAwait(false) is WriteResult.NotCommitted refused)
                return refused.Failure;
            return Attempt(() => Run(newest, cancellationToken));
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Lets go of files that were written anew a while ago: until then the space and the text of the old ones are still there, under no name.</summary>
    public void CloseRetired() => files.CloseRetired();

    private StoreFailure? Run(int newest, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();

        // First what is made of the log: were it last, a crash in between would leave erased words there with nothing to tell of them.
        search.Purge();
        snapshots.Discard();
        var plan = Plan(newest);

        // And copies: once the log holds stubs, nothing tells any more that they are to go.
        var missed = _copies.Drop(plan);
        var done = 0;
        foreach (var (key, entries) in plan.Segments)
        {
            progress?.Report(new StoreProgress("compacting", done++, plan.Segments.Count, "segments"));
            cancellationToken.ThrowIfCancellationRequested();
            Replace(key, entries, plan);
        }

        progress?.Report(new StoreProgress("compacting", done, plan.Segments.Count, "segments"));
        StoreTelemetry.Compacted(logger, plan.Erased.Count, plan.Segments.Count, (long)time.GetElapsedTime(started).TotalMilliseconds);
        return Failure(missed);
    }

    private StoreFailure? Attempt(Func<StoreFailure?> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Failure(error.Message);
        }
    }

    private StoreFailure? Failure(string? why)
    {
        if (why is null)
            return null;
        StoreTelemetry.CompactionFailed(logger, why);
        return new StoreFailure(StoreFailureKind.Unavailable, "Erased text could not be removed from the disk; it will be tried again.");
    }

    /// <param name="newest">Number of the newest segment that holds anything.</param>
    private bool HasWork(out int newest)
    {
        lock (state.Gate)
        {
            newest = state.Index.Operations.Count == 0 ? 0 : files[state.Index.Operations[state.Index.Operations.Count - 1].Segment].Number;
            for (var number = 0; number < state.Index.Operations.Count; number++)
            {
                if (state.Index.HasErasedText(number))
                    return true;
            }
        }

        return false;
    }

    /// <summary>Every segment with erased text, and every damaged one, because what is damaged may have been erased.</summary>
    /// <param name="newest">
    /// Segments beyond are left alone: the writer appends to one of them, and would go on in a file that has no name any more.
    /// </param>
    private CompactionPlan Plan(int newest)
    {
        var erased = new HashSet<int>();
        var names = new ErasedNames();
        var conversations = new HashSet<int>();
        var touched = new HashSet<int>();
        var segments = new Dictionary<int, PlannedSegment>();
        var missed = _copies.AreMissed;
        lock (state.Gate)
        {
            var operations = state.Index.Operations;
            for (var number = 0; number < operations.Count; number++)
            {
                if ((operations[number].Flags & EntryFlags.Erased) != 0)
                    touched.Add(operations[number].Conversation);
                if (!state.Index.HasErasedText(number) || files[operations[number].Segment].Number > newest)
                    continue;
                erased.Add(number);
                segments.TryAdd(operations[number].Segment, new PlannedSegment());
                touched.Add(operations[number].Conversation);
                if (conversations.Add(operations[number].Conversation))
                    names.AddConversation(state.Index.Conversations[operations[number].Conversation].Id);
            }

            // What an earlier round missed is of any conversation that lost something; what is known nowhere else is its user's.
            foreach (var number in missed ? touched : [])
            {
                if (conversations.Add(number))
                    names.AddConversation(state.Index.Conversations[number].Id);
            }

            foreach (var (user, erasure) in state.Index.UserErasures)
                names.AddUser(user, operations[erasure].Hlc);
            foreach (var key in state.DamagedSegments.Where(files.IsCurrent))
                segments.TryAdd(key, new PlannedSegment());
            for (var number = 0; number < operations.Count; number++)
            {
                if (segments.TryGetValue(operations[number].Segment, out var entries))
                    entries.Add(number, operations[number].Offset, operations[number].Length);
            }
        }

        return new CompactionPlan(segments, erased, touched, names);
    }

    private void Replace(int key, PlannedSegment entries, CompactionPlan plan)
    {
        // Another file has that name by now; what stands in this one is no truth about it.
        if (!files.IsCurrent(key))
            throw new InvalidOperationException($"Segment {files[key].Number} was replaced under another key; it is not compacted.");
        var number = files[key].Number;
        var path = folder.Segment(number);
        var temporary = path + AtomicFile.TemporarySuffix;
        var rewritten = _rewriter.Rewrite(key, entries, plan.Erased, plan.Names, temporary);
        File.Move(temporary, path, overwrite: true);
        disk.FlushFolder(folder.Log);
        var newKey = files.Add(number, rewritten.Handle);
        lock (state.Gate)
        {
            foreach (var line in rewritten.Lines)
            {
                ref var entry = ref state.Index.Operations.Change(line.Number);
                entry.Segment = newKey;
                entry.Offset = line.Offset;
                entry.Length = line.Length;
                if (line.IsStub)
                    entry.Flags |= EntryFlags.Erased | EntryFlags.Stub;
            }

            if (state.DamagedSegments.Remove(key) || rewritten.IsDamaged)
                state.DamagedSegments.Add(newKey);
        }

        files.Retire(key);
        if (rewritten.IsDamaged)
            board.FoundDamage($"{SegmentName.Of(number)} holds lines that cannot be read back");
    }
}

/// <param name="Segments">By key.</param>
/// <param name="Erased">Numbers of the operations whose text is to go.</param>
/// <param name="Touched">Numbers of the conversations of which something was erased, now or before.</param>
internal sealed record CompactionPlan(
    IReadOnlyDictionary<int, PlannedSegment> Segments, IReadOnlySet<int> Erased, IReadOnlySet<int> Touched, ErasedNames Names);
