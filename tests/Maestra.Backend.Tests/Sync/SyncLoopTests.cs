using System.Diagnostics.CodeAnalysis;
using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Audit;
using Maestra.Backend.Conversations;
using Maestra.Backend.Erasures;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Sync;
using Maestra.Backend.Tests.Signing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Maestra.Backend.Tests.Sync;

/// <summary>The loops of the exchange outlive whatever a round, the store or the list of peers throws.</summary>
public sealed class SyncLoopTests
{
    [Fact]
    public async Task Loops_WhatThrowsIsUnexpected_GoOnAndEndInOrder()
    {
        var time = new ManualTimeProvider();
        var key = TestPeer.NewKey();
        var directory = new ThrowingDirectory(new Peer
        {
            BackendId = key.Id,
            Key = key.Public,
            Capabilities = [],
            Scope = new PeerScope(null),
            Url = new Uri("http://127.0.0.1:9"),
            RegisteredAt = time.GetUtcNow(),
            State = PeerState.Active,
        });
        var store = new ThrowingStore();
        var settings = Assert.IsType<BindOutcome.Bound>(SettingsBinder.Bind(SettingSources.Load(
            new Dictionary<string, string>(), new Dictionary<string, string> { ["HOME"] = "/nowhere" }))).Settings;
        var ids = new IdSource(time);
        var board = new SyncBoard(time);
        using var meter = new BackendMeter();
        var rounds = new SyncRounds(
            null!, store, directory, board, new SyncErasures(new ArchiveObservers([], new ToldErasures()), ids, time), settings, new NoAudit(), meter, ids, time, NullLogger<SyncRounds>.Instance);

        // Acts without a store throw at every look, too.
        using var engine = new SyncEngine(rounds, store, directory, new OwnerActs(null!, new NoAudit()), board, settings, meter, ids, time, NullLogger<SyncEngine>.Instance);

        await engine.StartAsync(CancellationToken.None);
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (store.Rounds < 3 || store.Releases < 2 || directory.Looks < 3)
        {
            limit.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, limit.Token);
        }

        directory.IsGone = true;
        var looks = directory.Looks;
        while (directory.Looks < looks + 2)
        {
            limit.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, limit.Token);
        }

        Assert.False(engine.ExecuteTask!.IsCompleted);
        await engine.StopAsync(CancellationToken.None);
        Assert.True(engine.ExecuteTask.IsCompletedSuccessfully);
    }

    private sealed class NoAudit : IAuditTrail
    {
        public void Record(AuditEvent happened)
        {
        }

        public Task<bool> RecordAsync(AuditEvent happened) => Task.FromResult(true);
    }

    private sealed class ThrowingDirectory(Peer peer) : IPeerDirectory
    {
        private int _looks;

        public int Looks => Volatile.Read(ref _looks);

        public bool IsGone { get; set; }

        public Task<(IReadOnlyList<Peer>? Peers, StoreFailure? Failure)> ListAsync(CancellationToken cancellationToken) =>
            Interlocked.Increment(ref _looks) == 1
                ? throw new InvalidOperationException("The first look fails.")
                : Task.FromResult<(IReadOnlyList<Peer>?, StoreFailure?)>((IsGone ? [] : [peer], null));

        public Task<StoreFailure?> SuspendAsync(string backendId, string reason, CancellationToken cancellationToken) => Task.FromResult<StoreFailure?>(null);

        public Task<StoreFailure?> NoteSyncedAsync(string backendId, DateTimeOffset at, CancellationToken cancellationToken) =>
            Task.FromResult<StoreFailure?>(null);
    }

    [SuppressMessage("Design", "CA1065", Justification = "It is there to throw.")]
    private sealed class ThrowingStore : ISyncStore
    {
        private int _rounds;
        private int _releases;

        public int Rounds => Volatile.Read(ref _rounds);

        public int Releases => Volatile.Read(ref _releases);

        public CommitSignal Commits { get; } = new();

        public int Quarantined => 0;

        public Task<(IReadOnlyDictionary<string, long>? Have, StoreFailure? Failure)> ReadVectorAsync(SyncScope scope, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _rounds);
            throw new InvalidOperationException("Every round fails.");
        }

        public Task<StoreFailure?> ReleaseDueAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _releases);
            throw new InvalidOperationException("Every release fails.");
        }

        public Task<(SyncBatch? Batch, StoreFailure? Failure)> ReadMissingAsync(
            SyncScope scope, IReadOnlyDictionary<string, long> have, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<SyncApplyOutcome> ApplyAsync(SyncScope scope, IReadOnlyList<SyncOperation> batch, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<(bool TookNew, StoreFailure? Failure)> NoticeAsync(IReadOnlyDictionary<string, long> peerHave, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<StoreFailure?> TakeNewOriginsAsync(string why, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<(int Count, StoreFailure? Failure)> ReissueAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
