using ConversationHub.Contracts;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// The hosted store (wire.md §10.4): the same operations in a database that several replicas share. Each user has an own namespace.
/// </summary>
internal sealed class PostgresStore(
    NpgsqlDataSource source, PostgresWriter writer, PostgresReader reader, PostgresSearcher searcher, PostgresArchive archive, PostgresCompactor compactor,
    PostgresCosts costs, PostgresWatch watch, PostgresSync sync, PostgresRetention retention,
    PostgresErasures erasures, StatusBoard board)
    : IConversationStore, IConversationArchive, ISharedCosts, ISyncStore, IRetentionStore, IErasureFeed, ISharedErasures
{
    public const string Kind = "postgres";

    private int _disposed;

    public StoreStatus Status => board.Current;

    public Task<QuestionOutcome> StoreQuestionAsync(QuestionDraft question, CancellationToken cancellationToken) =>
        writer.StoreAsync(question).WaitAsync(cancellationToken);

    public Task<ReplyOutcome> StoreReplyAsync(ReplyDraft reply, CancellationToken cancellationToken) =>
        writer.StoreAsync(reply).WaitAsync(cancellationToken);

    public Task<ReadOutcome> ReadAsync(ReadQuery query, CancellationToken cancellationToken) => reader.ReadAsync(query, cancellationToken);

    public Task<ListOutcome> ListAsync(ListQuery query, CancellationToken cancellationToken) => reader.ListAsync(query, cancellationToken);

    public Task<SearchOutcome> SearchAsync(SearchQuery query, CancellationToken cancellationToken) => searcher.SearchAsync(query, cancellationToken);

    public Task<ChangeOutcome> ChangeAsync(ConversationChange change, CancellationToken cancellationToken) =>
        archive.ChangeAsync(change).WaitAsync(cancellationToken);

    public Task<EraseOutcome> EraseConversationAsync(UserId? owner, ConversationId conversationId, CancellationToken cancellationToken) =>
        archive.EraseConversationAsync(owner, conversationId).WaitAsync(cancellationToken);

    public Task<EraseUserOutcome> EraseUserAsync(UserId user, CancellationToken cancellationToken) =>
        archive.EraseUserAsync(user).WaitAsync(cancellationToken);

    public IAsyncEnumerable<ReadOutcome> ExportAsync(UserId? owner, CancellationToken cancellationToken) => archive.ExportAsync(owner, cancellationToken);

    public Task<StoreFailure?> CompactAsync(CancellationToken cancellationToken) => compactor.CompactAsync(isWhole: true, cancellationToken);

    public Task<SharedCostOutcome> ReserveAsync(
        SharedCost cost, decimal? dailyLimitUsd, decimal? monthlyLimitUsd, CancellationToken cancellationToken) =>
        costs.ReserveAsync(cost, dailyLimitUsd, monthlyLimitUsd, cancellationToken);

    public Task<StoreFailure?> SettleAsync(SharedCost cost, CancellationToken cancellationToken) => costs.SettleAsync(cost, cancellationToken);

    public Task<SharedCostOutcome> ReadAsync(DateOnly day, CancellationToken cancellationToken) => costs.ReadAsync(day, cancellationToken);

    public Task<(RetentionClock? Clock, StoreFailure? Failure)> AdvanceAsync(TimeSpan elapsed, CancellationToken cancellationToken) =>
        retention.AdvanceAsync(elapsed, cancellationToken);

    public Task<(IReadOnlyList<UntouchedConversation>? Found, StoreFailure? Failure)> FindUntouchedAsync(
        DateTimeOffset before, int limit, IReadOnlySet<string> heldUsers, CancellationToken cancellationToken) =>
        retention.FindAsync(before, limit, heldUsers, cancellationToken);

    public Task<EraseOutcome> EraseUntouchedAsync(UntouchedConversation conversation, DateTimeOffset before, CancellationToken cancellationToken) =>
        retention.EraseAsync(conversation, before).WaitAsync(cancellationToken);

    public Task<(ErasurePage? Page, StoreFailure? Failure)> ReadErasuresAsync(string? after, CancellationToken cancellationToken) =>
        erasures.ReadAsync(after, cancellationToken);

    public IReadOnlyList<ConversationId> ReadClosed(UserId user) => [];

    public Task<StoreFailure?> AccountAsync(UserId user, OperationId erasure, CancellationToken cancellationToken) =>
        erasures.AccountAsync(user, erasure, cancellationToken);

    public Task<(IReadOnlyList<StoredErasure>? Claimed, StoreFailure? Failure)> ClaimUnaccountedAsync(CancellationToken cancellationToken) =>
        erasures.ClaimAsync(cancellationToken);

    public CommitSignal Commits => board.Commits;

    public int Quarantined => sync.Quarantined;

    public Task<(IReadOnlyDictionary<string, long>? Have, StoreFailure? Failure)> ReadVectorAsync(SyncScope scope, CancellationToken cancellationToken) =>
        sync.ReadVectorAsync(scope, cancellationToken);

    public Task<(SyncBatch? Batch, StoreFailure? Failure)> ReadMissingAsync(
        SyncScope scope, IReadOnlyDictionary<string, long> have, CancellationToken cancellationToken) =>
        sync.ReadMissingAsync(scope, have, cancellationToken);

    public Task<SyncApplyOutcome> ApplyAsync(SyncScope scope, IReadOnlyList<SyncOperation> batch, CancellationToken cancellationToken) =>
        sync.ApplyAsync(scope, batch).WaitAsync(cancellationToken);

    public Task<(bool TookNew, StoreFailure? Failure)> NoticeAsync(IReadOnlyDictionary<string, long> peerHave, CancellationToken cancellationToken) =>
        sync.NoticeAsync(peerHave, cancellationToken);

    public Task<StoreFailure?> TakeNewOriginsAsync(string why, CancellationToken cancellationToken) => sync.TakeNewAsync(why, cancellationToken);

    /// <summary>A transaction is whole or not there, so a stream here has no hole.</summary>
    public Task<(int Count, StoreFailure? Failure)> ReissueAsync(CancellationToken cancellationToken) =>
        Task.FromResult<(int, StoreFailure?)>((0, null));

    public Task<StoreFailure?> ReleaseDueAsync(CancellationToken cancellationToken) => sync.ReleaseDueAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await watch.DisposeAsync().ConfigureAwait(false);
        await compactor.DisposeAsync().ConfigureAwait(false);
        await source.DisposeAsync().ConfigureAwait(false);
    }
}
