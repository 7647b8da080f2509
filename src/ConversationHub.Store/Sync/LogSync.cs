using ConversationHub.Contracts;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Log;
using ConversationHub.Store.Origins;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store.Sync;

/// <summary>The log store's part in an exchange. Thread-safe.</summary>
internal sealed class LogSync(
    LogState state, CommitLoop writer, LogSyncReader reader, Reissuer reissuer, Housekeeper housekeeper, StatusBoard board, SentLog outbox, string backendId, TimeProvider time)
    : ISyncStore
{
    private readonly string _ownPrefix = backendId + "~";

    public CommitSignal Commits => board.Commits;

    public int Quarantined
    {
        get
        {
            lock (state.Gate)
                return state.Quarantine.Count;
        }
    }

    public Task<(IReadOnlyDictionary<string, long>? Have, StoreFailure? Failure)> ReadVectorAsync(SyncScope scope, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<(IReadOnlyDictionary<string, long>?, StoreFailure?)>((reader.Vector(scope), null));
    }

    public Task<(SyncBatch? Batch, StoreFailure? Failure)> ReadMissingAsync(
        SyncScope scope, IReadOnlyDictionary<string, long> have, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var batch = reader.Missing(scope, have);
        if (batch.Operations.Any(operation => operation.Origin.StartsWith(_ownPrefix, StringComparison.Ordinal)))
            outbox.Note(state.OwnOperations(backendId));
        return Task.FromResult<(SyncBatch?, StoreFailure?)>((batch, null));
    }

    public async Task<SyncApplyOutcome> ApplyAsync(SyncScope scope, IReadOnlyList<SyncOperation> batch, CancellationToken cancellationToken)
    {
        if (SyncRules.Check(batch) is { } why)
            return new SyncApplyOutcome.Invalid(why);
        if (batch.Any(operation => !scope.Covers(operation.UserId)))
            return new SyncApplyOutcome.OutOfScope();
        batch = OwnAhead.Without(batch, backendId + "~", Quarantine.Latest(time.GetUtcNow()));
        if (batch.Count == 0)
            return new SyncApplyOutcome.Applied(SyncCounts.None);
        var drafts = LargeValues.Guard(KeptHere.Guard(batch, backendId + "~")).Select(ForeignDraft.Of).ToList();
        var places = drafts.ConvertAll(static draft => draft.Place);
        var known = KnownBefore(places);
        var write = new PendingWrite(WriteKind.Foreign, null, null, drafts.ConvertAll(static draft => draft.Draft)) { At = time.GetUtcNow(), Places = places };
        writer.Submit(write);
        switch (await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            case WriteResult.NotCommitted refused:
                return new SyncApplyOutcome.NotCommitted(refused.Failure);
            case WriteResult.Rejected:
                return new SyncApplyOutcome.Conflict(write.Admitted!.Conflict!);
        }

        var accepted = write.Admitted!.Accepted;
        if (accepted.Any(at => places[at].Kind == OperationKind.Erase || IsErasedText(places[at])))
            await housekeeper.ErasedAsync(CancellationToken.None).ConfigureAwait(false);
        return new SyncApplyOutcome.Applied(SyncTally.Of(places, accepted, (user, id) => known.Contains((user, id))));
    }

    public async Task<(bool TookNew, StoreFailure? Failure)> NoticeAsync(IReadOnlyDictionary<string, long> peerHave, CancellationToken cancellationToken)
    {
        lock (state.Gate)
        {
            if (!peerHave.Any(one => one.Key.StartsWith(backendId, StringComparison.Ordinal) && one.Value > state.Index.LastSeq(one.Key)))
                return (false, null);
        }

        var write = new PendingWrite(WriteKind.Notice, null, null, []) { At = time.GetUtcNow(), PeerHave = peerHave };
        writer.Submit(write);
        return await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false) switch
        {
            WriteResult.NotCommitted refused => (false, refused.Failure),
            WriteResult.Committed { Operations: > 0 } => (true, null),
            _ => (false, null),
        };
    }

    public Task<StoreFailure?> TakeNewOriginsAsync(string why, CancellationToken cancellationToken) => writer.TakeNewOriginsAsync(why, cancellationToken);

    public Task<(int Count, StoreFailure? Failure)> ReissueAsync(CancellationToken cancellationToken) => reissuer.RunAsync(cancellationToken);

    public async Task<StoreFailure?> ReleaseDueAsync(CancellationToken cancellationToken)
    {
        lock (state.Gate)
        {
            if (!state.Quarantine.IsDue)
                return null;
        }

        var write = new PendingWrite(WriteKind.Release, null, null, []) { At = time.GetUtcNow() };
        writer.Submit(write);
        return await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false) is WriteResult.NotCommitted refused ? refused.Failure : null;
    }

    private HashSet<(string User, string Id)> KnownBefore(List<StoredOperation> places)
    {
        lock (state.Gate)
        {
            return places
                .Where(static place => place.ConversationId is not null)
                .Select(static place => (place.UserId, place.ConversationId!))
                .Distinct()
                .Where(one => state.Index.AllOfId(one.Item2).Any(number => state.Index.Conversations[number].Owner == one.UserId))
                .ToHashSet();
        }
    }

    private bool IsErasedText(StoredOperation place)
    {
        lock (state.Gate)
        {
            return state.Index.Streams.Find(place.Origin)?.NumberAt(place.Seq) is >= 0 and var number && state.Index.HasErasedText(number);
        }
    }
}
