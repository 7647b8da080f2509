using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Sync;

/// <summary>
/// Keeps a loop for every peer that has a URL: a round at once, then every few seconds and soon after each write (wire.md §9.5).
/// One peer's loop never waits for another's.
/// </summary>
internal sealed class SyncEngine(
    SyncRounds rounds, ISyncStore store, IPeerDirectory directory, OwnerActs acts, SyncBoard board, BackendSettings settings, BackendMeter meter, IdSource ids,
    TimeProvider time, ILogger<SyncEngine> logger) : BackgroundService
{
    /// <summary>Changes of the pairings are taken up so soon.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, PeerLoop> _loops = new(StringComparer.Ordinal);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var loop in _loops.Values)
            await loop.DisposeAsync();
        _loops.Clear();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        meter.ObserveSync(() => board.Lags, () => store.Quarantined);
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            do
            {
                await TryAsync(LookAsync, stoppingToken);
                await TryAsync(TellAsync, stoppingToken);
                await TryAsync(store.ReleaseDueAsync, stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program stops.
        }
    }

    /// <summary>One step, whatever becomes of it: an exception that left <see cref="ExecuteAsync"/> would stop the whole program.</summary>
    private async Task TryAsync(Func<CancellationToken, Task> step, CancellationToken stoppingToken)
    {
        try
        {
            await step(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever it is, one look failed; the next one comes in seconds.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            logger.LookBroken(bug);
        }
    }

    private async Task TellAsync(CancellationToken stoppingToken)
    {
        if (await acts.TellAsync(stoppingToken) is { } failure)
            logger.PeersUnreadable(failure.Reason);
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        var (peers, failure) = await directory.ListAsync(stoppingToken);
        if (peers is null)
        {
            logger.PeersUnreadable(failure!.Reason);
            return;
        }

        var called = peers.Where(static peer => peer is { State: PeerState.Active, Url: not null }).ToList();
        foreach (var gone in _loops.Where(one => !called.Any(peer => one.Value.Serves(peer))).ToList())
        {
            _loops.Remove(gone.Key);
            await gone.Value.DisposeAsync();
        }

        board.Take(called);
        foreach (var peer in called)
        {
            if (!_loops.ContainsKey(peer.BackendId))
                _loops.Add(peer.BackendId, new PeerLoop(peer, rounds, store, directory, board, settings.Sync.Interval, meter, ids, time, logger));
        }
    }
}
