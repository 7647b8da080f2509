using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Audit;
using Maestra.Backend.Conversations;
using Maestra.Backend.Erasures;
using Maestra.Backend.Identity;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;
using Maestra.Backend.Sync;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>The calling half of a backend, in this process, over the folder of one that was paired: it ticks as fast as it is told to.</summary>
internal sealed class CallingBackend : IAsyncDisposable
{
    private readonly IConversationStore _store;
    private readonly SyncRounds _rounds;
    private readonly Peer _peer;
    private readonly IAsyncDisposable[] _owned;
    private PeerView? _known;

    private CallingBackend(BackendKey key, IConversationStore store, SyncRounds rounds, Peer peer, params IAsyncDisposable[] owned) =>
        (Key, _store, _rounds, _peer, _owned) = (key, store, rounds, peer, owned);

    public BackendKey Key { get; }

    public static async Task<CallingBackend> OpenAsync(string home)
    {
        var time = TimeProvider.System;
        var ids = new IdSource(time);
        var settings = ((BindOutcome.Bound)SettingsBinder.Bind(SettingSources.Load(
            new Dictionary<string, string>(),
            new Dictionary<string, string> { ["HOME"] = home, [SettingNames.StateRoot] = Path.Combine(home, "state") }))).Settings;
        var identities = new IdentityStore(new IdentityFile(settings.StateRoot), BackendMode.Local, time);
        var keys = ((IdentityOutcome.Loaded)await identities.LoadAsync(CancellationToken.None)).Keys;
        var identity = new IdentityBoard(identities, keys, time, NullLogger<IdentityBoard>.Instance);
        var opened = (StoreOpening.Opened)StoreOpener.OpenLog(
            new StoreOptions { Root = Path.Combine(home, "conversations"), BackendId = keys.Current.Id, Namespace = StoreNamespace.Shared }, time, ids, NullLogger.Instance);
        var peers = new FilePeerStore(settings.StateRoot, time, NullLogger<FilePeerStore>.Instance);
        var directory = new PeerDirectory(peers, settings, NullLogger<PeerDirectory>.Instance);
        var rounds = new SyncRounds(
            new PeerClient(PeerClient.CreateHttp(), identity, directory, ids, time), opened.Sync, directory, new SyncBoard(time),
            new SyncErasures(new ArchiveObservers([], new ToldErasures()), ids, time), settings, new NoAudit(),
            new BackendMeter(), ids, time, NullLogger<SyncRounds>.Instance);
        return new CallingBackend(keys.Current, opened.Store, rounds, (await directory.ListAsync(CancellationToken.None)).Peers!.Single(), peers, identity);
    }

    /// <summary>One exchange, until both hold the same.</summary>
    public async Task TickAsync()
    {
        var outcome = await _rounds.RunAsync(_peer, _known, SyncLimits.BatchOperations, CancellationToken.None);
        _known = outcome.Known;
        if (outcome.Failure is { } failure)
            throw new InvalidOperationException(failure.Reason);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _owned)
            await one.DisposeAsync();
        await _store.DisposeAsync();
    }

    private sealed class NoAudit : IAuditTrail
    {
        public void Record(AuditEvent happened)
        {
        }

        public Task<bool> RecordAsync(AuditEvent happened) => Task.FromResult(true);
    }
}
