using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Reading;

namespace ConversationHub.Store.Sync;

/// <summary>Finds what a peer lacks: places are taken under the gate, texts are read without it. The cost goes with the difference, not with the store.</summary>
internal sealed class LogSyncReader(LogState state, SegmentFiles files, StatusBoard board)
{
    public IReadOnlyDictionary<string, long> Vector(SyncScope scope)
    {
        var have = new Dictionary<string, long>(StringComparer.Ordinal);
        lock (state.Gate)
        {
            var streams = state.Index.Streams;
            for (var number = 0; number < streams.All.Count; number++)
            {
                if (streams.All[number].Contiguous > 0 && scope.Covers(streams.All[number].User))
                    have.Add(streams.Names[number], streams.All[number].Contiguous);
            }
        }

        return have;
    }

    public SyncBatch Missing(SyncScope scope, IReadOnlyDictionary<string, long> have)
    {
        var broken = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var known = broken.Count;
            var batch = Missing(scope, have, broken);

            // A stream that ends at a line that cannot be read must not keep those behind it from their turn. Each pass leaves one out at least.
            if (batch.Operations.Count > 0 || broken.Count == known)
                return batch;
        }
    }

    /// <param name="broken">Streams that are left out; those in which a line cannot be read are added.</param>
    private SyncBatch Missing(SyncScope scope, IReadOnlyDictionary<string, long> have, HashSet<string> broken)
    {
        List<Picked> picked;
        bool more;
        lock (state.Gate)
            (picked, more) = Pick_NeedsLock(scope, have, broken);
        var operations = new List<SyncOperation>(picked.Count);
        foreach (var one in picked)
        {
            if (broken.Contains(one.Origin))
                continue;
            if (Read(one) is { } operation)
            {
                operations.Add(operation);
                continue;
            }

            // What comes after it in its stream would be a gap to the other side.
            broken.Add(one.Origin);
            board.FoundDamage($"an operation of {one.Origin} cannot be read back");
        }

        return new SyncBatch(operations, more && operations.Count > 0);
    }

    private (List<Picked> Picked, bool More) Pick_NeedsLock(SyncScope scope, IReadOnlyDictionary<string, long> have, HashSet<string> broken)
    {
        var streams = state.Index.Streams;
        var inScope = Enumerable.Range(0, streams.All.Count)
            .Where(number => streams.All[number].LastSeq > have.GetValueOrDefault(streams.Names[number]) && scope.Covers(streams.All[number].User))
            .Where(number => !broken.Contains(streams.Names[number]))
            .OrderBy(number => streams.Names[number], StringComparer.Ordinal)
            .ToList();
        var early = new HashSet<int>();
        foreach (var number in inScope)
        {
            var from = have.GetValueOrDefault(streams.Names[number]);
            foreach (var seq in streams.All[number].Erasures)
            {
                if (seq > from && early.Count < SyncLimits.EarlyErasures)
                    early.Add(streams.All[number].NumberAt(seq));
            }
        }

        var picked = early.Select(Take_NeedsLock).ToList();
        long bytes = picked.Sum(static one => one.Location.Length);
        foreach (var number in inScope)
        {
            var stream = streams.All[number];
            for (var seq = have.GetValueOrDefault(streams.Names[number]) + 1; seq <= stream.Contiguous; seq++)
            {
                var entry = stream.NumberAt(seq);
                if (early.Contains(entry))
                    continue;
                var one = Take_NeedsLock(entry);
                var length = one.IsWithheld ? 0 : one.Location.Length;
                if (picked.Count >= SyncLimits.BatchOperations || (picked.Count > 0 && bytes + length > SyncLimits.BatchBytes))
                    return (picked, true);
                picked.Add(one);
                bytes += length;
            }
        }

        return (picked, false);
    }

    private Picked Take_NeedsLock(int number)
    {
        var index = state.Index;
        ref readonly var entry = ref index.Operations[number];
        var location = ConversationReader.Location(index, number);
        var isKept = entry.Conversation >= 0 && index.Conversations[entry.Conversation].Fields is { IsLocalOnly: true };
        var stream = index.Streams.All[entry.Origin];
        return new Picked(
            location,
            IsWithheld: isKept || location.Length > SyncLimits.OperationBytes,
            IsErased: (entry.Flags & EntryFlags.Erased) != 0 || index.HasErasedText(number),
            new StoredOperation(entry.Id, SyncOperation.Withheld, stream.User, null, index.Origins[entry.Origin], entry.Seq, entry.Hlc));
    }

    private SyncOperation? Read(Picked one)
    {
        if (one.IsWithheld)
            return ForeignDraft.ToSync(one.Place, new OperationContent.Unknown());
        if (!files.TryRead(one.Location, out var operation, out var content))
            return null;
        return ForeignDraft.ToSync(operation!, one.IsErased && content is not OperationContent.Erase ? new OperationContent.Stub() : content!);
    }

    /// <param name="Place">What is sent in place of an operation that is withheld.</param>
    private readonly record struct Picked(LineLocation Location, bool IsWithheld, bool IsErased, StoredOperation Place)
    {
        public string Origin => Place.Origin;
    }
}
