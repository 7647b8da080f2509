using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Import;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Repair;
using ConversationHub.Store.Search;
using ConversationHub.Store.Snapshots;
using ConversationHub.Store.Views;
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

    /// <returns>Null when nothing erased is left, else why some may be.</returns>
    public async Task<StoreFailure?> CompactAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!HasWork(out var newest))
                return null;

            // What is appended from here on goes to a segment that is not touched.
            var newSegment = new PendingWrite(WriteKind.NewSegment, null, null, []) { At = time.GetUtcNow() };
            writer.Submit(newSegment);
            if (await newSegment.Done.WaitAsync(cancellationToken).ConfigureAwait(false) is WriteResult.NotCommitted refused)
                return refused.Failure;
            return Run(newest, cancellationToken);
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
        try
        {
            // First what is made of the log: were it last, a crash in between would leave erased words there with nothing to tell of them.
            search.Purge();
            snapshots.Discard();
            var plan = Plan(newest);

            // And copies: once the log holds stubs, nothing tells any more that they are to go.
            DropCopiesOfDamage(plan);
            DropImports(plan);
            var done = 0;
            foreach (var (key, entries) in plan.Segments)
            {
                progress?.Report(new StoreProgress("compacting", done++, plan.Segments.Count, "segments"));
                cancellationToken.ThrowIfCancellationRequested();
                Replace(key, entries, plan);
            }

            progress?.Report(new StoreProgress("compacting", done, plan.Segments.Count, "segments"));
            StoreTelemetry.Compacted(logger, plan.Erased.Count, plan.Segments.Count, (long)time.GetElapsedTime(started).TotalMilliseconds);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            StoreTelemetry.CompactionFailed(logger, error.Message);
            return new StoreFailure(StoreFailureKind.Unavailable, "Erased text could not be removed from the disk; it will be tried again.");
        }
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

    /// <summary>
    /// Copies of imported files are kept for their bytes; those of a conversation of which anything was erased must not be, shown though it may be
    /// again by what a peer wrote later: what was not erased stands in the log.
    /// </summary>
    private void DropImports(CompactionPlan plan)
    {
        if (!Directory.Exists(folder.Imported))
            return;
        foreach (var path in Directory.EnumerateFiles(folder.Imported))
        {
            var bytes = File.ReadAllBytes(path);
            var file = ImportReader.TryRead(bytes, UserId.Anonymous, DateTimeOffset.MaxValue, out _);
            if (file is null ? plan.Names.AreIdsIn(bytes) : IsErased(file.ConversationId, plan))
                File.Delete(path);
        }

        disk.FlushFolder(folder.Imported);
    }

    private bool IsErased(ConversationId id, CompactionPlan plan)
    {
        lock (state.Gate)
            return state.Index.AllOfId(id.ToString()).Any(number => state.Index.IsClosedByErasure(number) || plan.Touched.Contains(number));
    }

    private void DropCopiesOfDamage(CompactionPlan plan)
    {
        if (!Directory.Exists(folder.Damaged))
            return;
        foreach (var path in Directory.EnumerateFiles(folder.Damaged))
        {
            var ids = SegmentRepair.IdsOf(path);
            if (path.EndsWith(SegmentRepair.IdsExtension, StringComparison.Ordinal) || !MayHoldErased(path, ids, plan))
                continue;
            File.Delete(path);
            File.Delete(ids);
        }

        disk.FlushFolder(folder.Damaged);
    }

    /// <summary>Files of conversations go with their own alone: nothing else has what a repair could not read of them.</summary>
    private bool MayHoldErased(string path, string ids, CompactionPlan plan)
    {
        var bytes = File.ReadAllBytes(path);
        if (path.EndsWith(ViewName.Extension, StringComparison.Ordinal))
        {
            return TornConversationFile.TryRead(bytes, UserId.Anonymous, DateTimeOffset.MaxValue) is { } torn
                ? IsErased(torn.File.ConversationId, plan)
                : plan.Names.AreTextsIn(bytes);
        }

        return plan.Names.MayBeIn(bytes) || (File.Exists(ids) && plan.Names.MayBeIn(File.ReadAllBytes(ids)));
    }
}

/// <param name="Segments">By key.</param>
/// <param name="Erased">Numbers of the operations whose text is to go.</param>
/// <param name="Touched">Numbers of the conversations of which something was erased, now or before.</param>
internal sealed record CompactionPlan(
    IReadOnlyDictionary<int, PlannedSegment> Segments, IReadOnlySet<int> Erased, IReadOnlySet<int> Touched, ErasedNames Names);
