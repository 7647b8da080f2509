using ConversationHub.Store.Search;
using ConversationHub.Store.Snapshots;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Housekeeping;

/// <summary>Keeps what makes a start short, beside the log and at its own pace: search files and the snapshot.</summary>
internal sealed class IndexHousekeeper : IAsyncDisposable
{
    /// <summary>A process that starts has the processors for itself so long, unless somebody searches.</summary>
    private static readonly TimeSpan StartRest = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(400);

    /// <summary>While the log is being checked, a small piece a round: requests are answered in between.</summary>
    private static readonly TimeSpan CheckRound = TimeSpan.FromMilliseconds(20);

    private readonly SearchKeeper _search;
    private readonly SnapshotKeeper _snapshots;
    private readonly SegmentScrub _scrub;
    private readonly SemaphoreSlim _turn;
    private readonly StatusBoard _board;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly IdleMemory _memory;
    private readonly HousekeepingThread _thread = new("store-index");
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    /// <param name="turn">Held by whoever rewrites what a snapshot tells of.</param>
    public IndexHousekeeper(
        SearchKeeper search, SnapshotKeeper snapshots, SegmentScrub scrub, SemaphoreSlim turn, StatusBoard board, TimeProvider time, ILogger logger)
    {
        _search = search;
        _snapshots = snapshots;
        _scrub = scrub;
        _turn = turn;
        _board = board;
        _time = time;
        _logger = logger;
        _memory = new IdleMemory(time);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Ends the rounds and writes what is behind. To be called when nothing is committed any more.</summary>
    public async ValueTask DisposeAsync()
    {
        _search.Stop();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _thread.Dispose();
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            _search.Close();
            _snapshots.WriteLast();
        }
        finally
        {
            _turn.Release();
            _stopping.Dispose();
        }
    }

    private async Task RunAsync()
    {
        await _search.Wanted.WaitAsync(StartRest, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Without a turn: who compacts waits for it at the search files, and a snapshot has nothing to do with it.
        await TryAsync(_search.Load).ConfigureAwait(false);
        using var timer = new PeriodicTimer(_scrub.IsDone ? Round : CheckRound, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                await _turn.WaitAsync(_stopping.Token).ConfigureAwait(false);
                try
                {
                    await TryAsync(Work).ConfigureAwait(false);
                }
                finally
                {
                    _turn.Release();
                }

                if (_scrub.IsDone && timer.Period != Round)
                    timer.Period = Round;
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is being closed.
        }
    }

    private async Task TryAsync(Action work)
    {
        try
        {
            await _thread.RunAsync(work).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            // A mistake of ours: what is made of the log stays behind, and a start takes longer.
            StoreTelemetry.HousekeepingFailed(_logger, error);
            _board.FoundDamage("search files and the snapshot of the index are behind; the log says why");
        }
    }

    private void Work()
    {
        _search.Work();
        try
        {
            if (!_scrub.IsDone && _scrub.CheckNext())
                _snapshots.Discard();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            StoreTelemetry.SnapshotFailed(_logger, error.Message);
        }

        _snapshots.WriteIfDue();
        _memory.Run();
    }
}
