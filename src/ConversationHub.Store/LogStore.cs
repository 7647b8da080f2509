using System.Runtime.CompilerServices;
using ConversationHub.Contracts;
using ConversationHub.Store.Changing;
using ConversationHub.Store.Compaction;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Erasing;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Import;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Reading;
using ConversationHub.Store.Retention;
using ConversationHub.Store.Search;
using ConversationHub.Store.Sync;
using ConversationHub.Store.Views;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store;

/// <summary>The store of one backend on its own disk (wire.md §10.1). One process at a time.</summary>
internal sealed class LogStore(
    LogState state,
    CommitLoop writer,
    LogCompactor compactor,
    Housekeeper housekeeper,
    IndexHousekeeper indexHousekeeper,
    FolderWatch watch,
    LogFolder folder,
    MessageReader messages,
    StatusBoard board,
    string backendId,
    TimeProvider time,
    IdSource ids,
    LogSync sync,
    IDisposable resources)
    : IConversationStore, IConversationArchive, ISyncStore, IRetentionStore, IKeptConversations, IErasureFeed, IExchangeStore
{
    public const string Kind = "log";

    /// <summary>Reading the index of a million messages takes a few tenths of a second; beyond this the disk hangs, and a plain error is the better answer.</summary>
    internal static readonly TimeSpan LongestWaitForIndex = TimeSpan.FromSeconds(10);

    private readonly ConversationReader _reader = new(state, messages);
    private readonly HeldBackQuestions _heldBack = new(state, messages);
    private readonly ConversationLister _lister = new(state, messages);
    private readonly MessageSearcher _searcher = new(state, messages);
    private readonly SearchThreads _searches = new();
    private readonly ConversationChanger _changer = new(state, writer, housekeeper, messages, ids, time);
    private int _disposed;

    private LogRetention Retention => new(state, _changer, folder, PhysicalDisk.Instance, time);

    public StoreStatus Status => board.Current;

    public async Task<QuestionOutcome> StoreQuestionAsync(QuestionDraft question, CancellationToken cancellationToken)
    {
        if (await FindQuestionAsync(question, cancellationToken).ConfigureAwait(false) is { } known)
            return known;
        var held = _heldBack.Find(question);
        if (held is not (null or QuestionOutcome.Known { Reply: null }))
            return held;
        var now = Now();
        var write = new PendingWrite(
            WriteKind.Question, question.User, (held as QuestionOutcome.Known)?.ConversationId ?? question.ConversationId, [QuestionOperation(question, now)])
        {
            At = now,
        };
        writer.Submit(write);
        var result = await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false);

        // Held back before: whoever sent it may have had it answered.
        return result is WriteResult.Committed && held is not null ? held : OutcomeOf(result, question);
    }

    public async Task<(QuestionOutcome Question, StoredReply? Reply)> StoreExchangeAsync(
        QuestionDraft question, Func<Task<ReplyDraft?>> answer, CancellationToken cancellationToken)
    {
        if (await FindQuestionAsync(question, cancellationToken).ConfigureAwait(false) is { } known)
            return (known, null);
        if (_heldBack.Find(question) is not null || await answer().ConfigureAwait(false) is not { } reply)
            return (await StoreQuestionAsync(question, cancellationToken).ConfigureAwait(false), null);
        var now = Now();
        var id = ids.NewOperationId();
        var body = BodyOf(reply, question.Surface.ToString(), now);
        var write = new PendingWrite(
            WriteKind.Exchange, question.User, question.ConversationId, [QuestionOperation(question, now), OperationDraft.Of(id, body)])
        {
            At = now,
        };
        writer.Submit(write);
        var result = await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
        return (OutcomeOf(result, question), result is WriteResult.Committed ? new StoredReply(id, reply.Content, reply.Mode, now, body.Meta) : null);
    }

    public bool IsKeptHere(UserId owner, ConversationId id)
    {
        lock (state.Gate)
        {
            var number = state.Index.FindConversation(owner, id, out _);
            return number >= 0 && state.Index.Conversations[number].Fields is { IsLocalOnly: true };
        }
    }

    public IReadOnlyList<ConversationId> KeptHere()
    {
        lock (state.Gate)
            return [.. state.Index.Conversations.WithFields.Where(static entry => entry.Fields is { IsLocalOnly: true }).Select(static entry => ConversationId.Parse(entry.Id))];
    }

    public async Task<ReplyOutcome> StoreReplyAsync(ReplyDraft reply, CancellationToken cancellationToken)
    {
        var (found, surface) = FindReply(reply);
        if (found is not null)
            return found;
        var id = ids.NewOperationId();
        var body = BodyOf(reply, surface, Now());
        var write = new PendingWrite(WriteKind.Reply, reply.User, null, [OperationDraft.Of(id, body)])
        {
            At = body.Timestamp,
            QuestionId = reply.QuestionId,
        };
        writer.Submit(write);
        return await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false) switch
        {
            WriteResult.Committed => new ReplyOutcome.Stored(new StoredReply(id, reply.Content, reply.Mode, body.Timestamp, body.Meta)),
            WriteResult.NotCommitted refused => new ReplyOutcome.NotCommitted(refused.Failure),
            WriteResult.Rejected { Why: Refusal.Erased } => new ReplyOutcome.Erased(),
            WriteResult.Rejected { Why: Refusal.UnknownQuestion } => new ReplyOutcome.UnknownQuestion(),
            _ => FindReply(reply).Outcome ?? throw new InvalidOperationException("A reply that exists was not found."),
        };
    }

    public async Task<ReadOutcome> ReadAsync(ReadQuery query, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var outcome = _reader.Read(query);
        return outcome is ReadOutcome.NotFound or ReadOutcome.Damaged && await watch.LookAsync(query.ConversationId, cancellationToken).ConfigureAwait(false)
            ? _reader.Read(query)
            : outcome;
    }

    public Task<ListOutcome> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(_lister.List(query));
    }

    /// <remarks>Right after a start it waits until the index was read.</remarks>
    public async Task<SearchOutcome> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await state.Search.LoadedAsync().WaitAsync(LongestWaitForIndex, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return new SearchOutcome.Unavailable(new StoreFailure(StoreFailureKind.Unavailable, "The search index is still being read."));
        }

        return await _searches.RunAsync(() => _searcher.Search(query), cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChangeOutcome> ChangeAsync(ConversationChange change, CancellationToken cancellationToken)
    {
        var outcome = await _changer.ChangeAsync(change, cancellationToken).ConfigureAwait(false);
        return outcome is ChangeOutcome.NotFound && await watch.LookAsync(change.ConversationId, cancellationToken).ConfigureAwait(false)
            ? await _changer.ChangeAsync(change, cancellationToken).ConfigureAwait(false)
            : outcome;
    }

    public async Task<EraseOutcome> EraseConversationAsync(UserId? owner, ConversationId conversationId, CancellationToken cancellationToken)
    {
        var outcome = await _changer.EraseConversationAsync(owner, conversationId, null, cancellationToken).ConfigureAwait(false);
        return outcome is EraseOutcome.NotFound && await watch.LookAsync(conversationId, cancellationToken).ConfigureAwait(false)
            ? await _changer.EraseConversationAsync(owner, conversationId, null, cancellationToken).ConfigureAwait(false)
            : outcome;
    }

    public Task<EraseUserOutcome> EraseUserAsync(UserId user, CancellationToken cancellationToken) =>
        _changer.EraseUserAsync(user, cancellationToken);

    public async IAsyncEnumerable<ReadOutcome> ExportAsync(UserId? owner, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var number in _reader.AllOf(owner))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_reader.ReadWhole(number) is var outcome and not ReadOutcome.Erased)
                yield return outcome;

            // Each conversation may take a while to read: the thread is given back between them.
            await Task.Yield();
        }
    }

    public Task<(RetentionClock? Clock, StoreFailure? Failure)> AdvanceAsync(TimeSpan elapsed, CancellationToken cancellationToken) =>
        Task.FromResult(Retention.Advance(elapsed));

    public Task<(IReadOnlyList<UntouchedConversation>? Found, StoreFailure? Failure)> FindUntouchedAsync(
        DateTimeOffset before, int limit, IReadOnlySet<string> heldUsers, CancellationToken cancellationToken) =>
        Task.FromResult<(IReadOnlyList<UntouchedConversation>?, StoreFailure?)>((Retention.FindUntouched(before, limit, heldUsers), null));

    /// <remarks>What a person changed in the file is touched: it is imported first, and passed over this time.</remarks>
    public async Task<EraseOutcome> EraseUntouchedAsync(UntouchedConversation conversation, DateTimeOffset before, CancellationToken cancellationToken) =>
        await housekeeper.KeepChangedAsync(conversation.Owner, conversation.Id, cancellationToken).ConfigureAwait(false)
            ? new EraseOutcome.NotFound()
            : await Retention.EraseAsync(conversation, before, cancellationToken).ConfigureAwait(false);

    public Task<(ErasurePage? Page, StoreFailure? Failure)> ReadErasuresAsync(string? after, CancellationToken cancellationToken) =>
        Task.FromResult<(ErasurePage?, StoreFailure?)>((new LogErasures(state).Read(after), null));

    public IReadOnlyList<ConversationId> ReadClosed(UserId user) => new LogErasures(state).ReadClosed(user);

    public CommitSignal Commits => sync.Commits;

    public int Quarantined => sync.Quarantined;

    public Task<(IReadOnlyDictionary<string, long>? Have, StoreFailure? Failure)> ReadVectorAsync(SyncScope scope, CancellationToken cancellationToken) =>
        sync.ReadVectorAsync(scope, cancellationToken);

    public Task<(SyncBatch? Batch, StoreFailure? Failure)> ReadMissingAsync(
        SyncScope scope, IReadOnlyDictionary<string, long> have, CancellationToken cancellationToken) =>
        sync.ReadMissingAsync(scope, have, cancellationToken);

    public Task<SyncApplyOutcome> ApplyAsync(SyncScope scope, IReadOnlyList<SyncOperation> batch, CancellationToken cancellationToken) =>
        sync.ApplyAsync(scope, batch, cancellationToken);

    public Task<(bool TookNew, StoreFailure? Failure)> NoticeAsync(IReadOnlyDictionary<string, long> peerHave, CancellationToken cancellationToken) =>
        sync.NoticeAsync(peerHave, cancellationToken);

    public Task<(int Count, StoreFailure? Failure)> ReissueAsync(CancellationToken cancellationToken) => sync.ReissueAsync(cancellationToken);

    public Task<StoreFailure?> ReleaseDueAsync(CancellationToken cancellationToken) => sync.ReleaseDueAsync(cancellationToken);

    public Task<StoreFailure?> CompactAsync(CancellationToken cancellationToken) => compactor.CompactAsync(cancellationToken);

    /// <summary>Takes over files of the earlier backend.</summary>
    /// <param name="looksAtViews">As in <see cref="FolderWatch.RunAsync"/>.</param>
    public Task<ImportReport> ImportAsync(string source, CancellationToken cancellationToken, bool looksAtViews = false) =>
        watch.RunAsync(source, looksAtViews, cancellationToken);

    /// <summary>Has every file beside the log looked at, and written where it is not as it must be.</summary>
    public void MarkAllViews()
    {
        lock (state.Gate)
        {
            for (var conversation = 0; conversation < state.Index.Conversations.Count; conversation++)
                state.DirtyViews.Add(conversation);
        }
    }

    /// <inheritdoc cref="CommitLoop.TakeNewOriginsAsync"/>
    public Task<StoreFailure?> TakeNewOriginsAsync(string why, CancellationToken cancellationToken) =>
        writer.TakeNewOriginsAsync(why, cancellationToken);

    /// <summary>The same, and waits until it is done.</summary>
    /// <returns>False when a file could not be written.</returns>
    public Task<bool> RebuildViewsAsync()
    {
        MarkAllViews();
        return housekeeper.WriteAllAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        try
        {
            _searches.Dispose();
            await watch.StopAsync().ConfigureAwait(false);
            writer.Dispose();
            await housekeeper.DisposeAsync().ConfigureAwait(false);
            await indexHousekeeper.DisposeAsync().ConfigureAwait(false);
            if (housekeeper.IsDone && watch.IsDone && board.Ended is null)
                CleanMark.Set(folder);
        }
        finally
        {
            resources.Dispose();
        }
    }

    private bool IsUnknown(UserId user, ConversationId id)
    {
        lock (state.Gate)
            return state.Index.FindConversation(user, id, out _) == OperationEntry.None;
    }

    private DateTimeOffset Now() => WireTime.Truncate(time.GetUtcNow());

    private static OperationDraft QuestionOperation(QuestionDraft question, DateTimeOffset now) => OperationDraft.Of(question.OperationId, new MessageBody
    {
        Role = MessageRole.User,
        Content = question.Message,
        Surface = question.Surface.ToString(),
        Mode = question.ModeHint,
        Timestamp = now,
        Meta = new MessageMeta { FilePath = question.FilePath, Workspace = question.Workspace, OperationId = question.OperationId.ToString() },
        Fingerprint = question.Fingerprint,
    });

    private MessageBody BodyOf(ReplyDraft reply, string surface, DateTimeOffset now) => new()
    {
        Role = MessageRole.Assistant,
        Content = reply.Content,
        Surface = surface,
        Mode = reply.Mode,
        Timestamp = now,
        Meta = reply.Meta with { OperationId = reply.QuestionId.ToString(), BackendId = backendId },
    };

    private QuestionOutcome OutcomeOf(WriteResult result, QuestionDraft question) => result switch
    {
        WriteResult.Committed committed => new QuestionOutcome.Stored(committed.ConversationId!.Value, committed.Owner),
        WriteResult.NotCommitted refused => new QuestionOutcome.NotCommitted(refused.Failure),
        WriteResult.Rejected { Why: Refusal.Erased } erased => new QuestionOutcome.Erased(erased.ConversationId!.Value),
        WriteResult.Rejected { Why: Refusal.Damaged } damaged => new QuestionOutcome.Damaged(damaged.ConversationId!.Value),
        WriteResult.Rejected { Why: Refusal.ConversationFull } full => new QuestionOutcome.ConversationFull(full.ConversationId!.Value),
        _ => TryFindQuestion(question) ?? throw new InvalidOperationException("A question that exists was not found."),
    };

    /// <summary>Looks for a question that is stored, also in a file that was put into the folder since.</summary>
    private async ValueTask<QuestionOutcome?> FindQuestionAsync(QuestionDraft question, CancellationToken cancellationToken)
    {
        if (TryFindQuestion(question) is { } known)
            return known;
        return question.ConversationId is { } named && IsUnknown(question.User, named) && await watch.LookAsync(named, cancellationToken).ConfigureAwait(false)
            ? TryFindQuestion(question)
            : null;
    }

    /// <returns>Null when the operation id is free.</returns>
    private QuestionOutcome? TryFindQuestion(QuestionDraft question)
    {
        ConversationId conversation;
        UserId owner;
        LineLocation place;
        LineLocation? reply = null;
        int at;
        lock (state.Gate)
        {
            var number = state.Index.Find(question.User, question.OperationId);
            if (number == OperationEntry.None)
                return null;
            ref readonly var entry = ref state.Index.Operations[number];
            at = entry.Conversation;
            var held = state.Index.Conversations[entry.Conversation];
            conversation = ConversationId.Parse(held.Id);
            owner = UserId.Parse(held.Owner);
            if ((entry.Flags & EntryFlags.Erased) != 0)
                return new QuestionOutcome.Erased(conversation);
            if ((entry.Flags & EntryFlags.Question) == 0)
                return new QuestionOutcome.FingerprintMismatch();
            place = ConversationReader.Location(state.Index, number);
            if (state.Index.FindReply(number) is >= 0 and var first)
                reply = ConversationReader.Location(state.Index, first);
        }

        if (messages.TryRead(place) is not { } stored)
            return new QuestionOutcome.Damaged(conversation);
        if (stored.Body.Fingerprint != question.Fingerprint)
            return new QuestionOutcome.FingerprintMismatch();
        if (reply is not { } answered)
            return new QuestionOutcome.Known(conversation, owner, _heldBack.FindReply(at, question.OperationId));
        return messages.TryRead(answered) is { } answer
            ? new QuestionOutcome.Known(conversation, owner, answer.ToReply())
            : new QuestionOutcome.Damaged(conversation);
    }

    /// <returns>An outcome when nothing is to be written; else the surface the reply belongs to, which is its question's.</returns>
    private (ReplyOutcome? Outcome, string Surface) FindReply(ReplyDraft reply)
    {
        LineLocation? place = null;
        string surface;
        int conversation;
        lock (state.Gate)
        {
            var number = state.Index.Find(reply.User, reply.QuestionId);
            if (number == OperationEntry.None)
                return (new ReplyOutcome.UnknownQuestion(), "");
            ref readonly var entry = ref state.Index.Operations[number];
            if ((entry.Flags & EntryFlags.Erased) != 0)
                return (new ReplyOutcome.Erased(), "");
            if ((entry.Flags & EntryFlags.Question) == 0)
                return (new ReplyOutcome.UnknownQuestion(), "");
            surface = state.Index.Surfaces[entry.Surface];
            conversation = entry.Conversation;
            if (state.Index.FindReply(number) is >= 0 and var first)
                place = ConversationReader.Location(state.Index, first);
        }

        if (place is not { } answered)
            return (_heldBack.FindReply(conversation, reply.QuestionId) is { } ahead ? new ReplyOutcome.AlreadyAnswered(ahead) : null, surface);
        return (messages.TryRead(answered) is { } stored
            ? new ReplyOutcome.AlreadyAnswered(stored.ToReply())
            : new ReplyOutcome.NotCommitted(new StoreFailure(StoreFailureKind.Unavailable, "The stored reply cannot be read.")), surface);
    }
}
