using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;

namespace Maestra.Backend.Sync;

/// <summary>The rounds with one peer, one after another.</summary>
internal sealed class PeerLoop : IAsyncDisposable
{
    private readonly Peer _peer;
    private readonly SyncRounds _rounds;
    private readonly ISyncStore _store;
    private readonly IPeerDirectory _directory;
    private readonly SyncBoard _board;
    private readonly TimeSpan _interval;
    private readonly BackendMeter _meter;
    private readonly IdSource _ids;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private PeerView? _known;
    private int _failures;
    private TimeSpan? _pause;
    private bool _isLimited;
    private TimeSpan _debt;
    private long _reckonedAt;
    private bool _isFirst = true;

    public PeerLoop(
        Peer peer, SyncRounds rounds, ISyncStore store, IPeerDirectory directory, SyncBoard board, TimeSpan interval, BackendMeter meter, IdSource ids,
        TimeProvider time, ILogger logger)
    {
        _peer = peer;
        _rounds = rounds;
        _store = store;
        _directory = directory;
        _board = board;
        _interval = interval;
        _meter = meter;
        _ids = ids;
        _time = time;
        _logger = logger;
        _running = Task.Run(RunAsync);
    }

    /// <summary>False for one whose URL, key or user has changed: its loop begins anew.</summary>
    public bool Serves(Peer peer) =>
        peer.BackendId == _peer.BackendId && peer.Url == _peer.Url && peer.Scope == _peer.Scope && peer.OwnId == _peer.OwnId;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await WaitAsync(await TryRoundAsync());
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The peer was removed, or the program stops.
        }
    }

    /// <summary>One round, whatever becomes of it: only the end of this loop goes on as an exception.</summary>
    /// <returns>The commits of which the peer may be told in this round.</returns>
    private async Task<long> TryRoundAsync()
    {
        var before = _store.Commits.Count;
        try
        {
            return await RoundAsync();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever it is, one round failed; the loop must outlive it, or the peer is never called again.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            _logger.RoundBroken(bug, _peer.BackendId);
            Failed(null);
            return before;
        }
    }

    private async Task<long> RoundAsync()
    {
        var (known, failure, rounds, commits) = await _rounds.RunAsync(_peer, _known, SyncSchedule.BatchOperations(_failures), _stopping.Token);
        _known = known;
        _debt = Debt(rounds);
        _reckonedAt = _time.GetTimestamp();
        _pause = failure?.Pause;
        if (_pause is { } pause)
        {
            if (!_isLimited)
                _logger.RoundLimited(_peer.BackendId, (int)Math.Ceiling(pause.TotalSeconds));
            _isLimited = true;
            _meter.SyncRound(_peer.BackendId, "limited");
            _board.Limited(_peer.BackendId, pause);
            return commits;
        }

        if (failure is not null)
        {
            _isLimited = false;
            Failed(failure.Reason);
            return commits;
        }

        if (_failures > 0 || _isLimited)
            _logger.RoundWorksAgain(_peer.BackendId);
        _failures = 0;
        _isLimited = false;
        _meter.SyncRound(_peer.BackendId, "synced");
        _board.Agreed(_peer.BackendId);
        await _directory.NoteSyncedAsync(_peer.BackendId, _time.GetUtcNow(), _stopping.Token);
        if (!_isFirst)
            return commits;

        // The peer had its chance to fill the holes: what is beyond them goes another way.
        _isFirst = false;
        var (count, _) = await _store.ReissueAsync(_stopping.Token);
        if (count > 0)
            _logger.Reissued(count);
        return commits;
    }

    private TimeSpan Debt(int rounds) =>
        SyncSchedule.Debt(_debt, _reckonedAt == 0 ? TimeSpan.Zero : _time.GetElapsedTime(_reckonedAt), rounds);

    /// <param name="reason">Null when it is logged already.</param>
    private void Failed(string? reason)
    {
        if (_failures++ == 0 && reason is not null)
            _logger.RoundFailed(_peer.BackendId, reason);
        _meter.SyncRound(_peer.BackendId, "failed");
        _board.Failed(_peer.BackendId);
    }

    /// <summary>Until the next tick, or until shortly after a commit that the peer may lack; a peer that is down is left alone until its tick.</summary>
    private async Task WaitAsync(long commits)
    {
        using var tick = new CancellationTokenSource(_pause ?? SyncSchedule.Wait(_interval, _failures, Share()), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(tick.Token, _stopping.Token);
        try
        {
            if (_failures > 0 || _pause is not null)
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, either.Token);
            await _store.Commits.WaitAsync(commits, either.Token);
            await Task.Delay(SyncSchedule.Push(Debt(rounds: 0)), _time, either.Token);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            // The tick.
        }
    }

    private double Share() => Convert.ToByte(_ids.NewHex(1), 16) / (double)byte.MaxValue;
}
