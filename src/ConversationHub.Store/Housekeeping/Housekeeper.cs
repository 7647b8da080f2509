using ConversationHub.Contracts;
using ConversationHub.Store.Compaction;
using ConversationHub.Store.Import;
using ConversationHub.Store.Views;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Housekeeping;

/// <summary>What the log store does at its own pace, never within a caller's request: files behind the log, removal of erased text.</summary>
internal sealed class Housekeeper : IAsyncDisposable
{
    /// <summary>Files are at most two of these behind the log.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(400);

    /// <summary>Erasures of this long share one compaction.</summary>
    private static readonly TimeSpan CompactionDelay = TimeSpan.FromSeconds(10);

    /// <summary>A disk may refuse once; erased text that stays after that is told by the store's health.</summary>
    private const int TroubledAfter = 2;

    /// <summary>A stop must not wait for files that can be written after the next start.</summary>
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(2);

    private readonly ViewWriter _views;
    private readonly LogCompactor _compactor;
    private readonly FolderWatch _folder;
    private readonly LogState _state;
    private readonly StatusBoard _board;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private long _erasedSince;
    private int _failedCompactions;

    public Housekeeper(LogState state, ViewWriter views, LogCompactor compactor, FolderWatch folder, StatusBoard board, TimeProvider time, ILogger logger)
    {
        _board = board;
        _logger = logger;
        _state = state;
        _views = views;
        _compactor = compactor;
        _folder = folder;
        _time = time;

        // An earlier process may have been stopped between an erasure and its compaction.
        BeginCompactionDelay();
        _running = Task.Run(RunAsync);
    }

    /// <summary>True when no file is behind the log.</summary>
    public bool IsDone => _views.IsDone;

    /// <summary>Writes every file that is behind.</summary>
    /// <returns>False when one could not be written.</returns>
    public Task<bool> WriteAllAsync(CancellationToken cancellationToken) => _views.WriteAsync(ViewRound.All, cancellationToken);

    /// <inheritdoc cref="ViewWriter.KeepChangedAsync"/>
    public Task<bool> KeepChangedAsync(UserId owner, ConversationId id, CancellationToken cancellationToken) =>
        _views.KeepChangedAsync(owner, id, cancellationToken);

    /// <summary>To be called after every erasure: removes its files before it returns, and its text from the log soon after.</summary>
    public Task ErasedAsync(CancellationToken cancellationToken)
    {
        BeginCompactionDelay();
        return _views.WriteAsync(ViewRound.Erased, cancellationToken);
    }

    /// <summary>Ends the rounds; what is behind is written first, as far as the time for it goes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        var started = _time.GetTimestamp();
        bool works;
        do
            works = await _views.WriteAsync(ViewRound.Closing, CancellationToken.None).ConfigureAwait(false);
        while (works && !_views.IsDone && _time.GetElapsedTime(started) < ClosingTime);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Round, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                var works = await TryAsync(() => _views.WriteAsync(ViewRound.Usual, _stopping.Token)).ConfigureAwait(false);
                works &= await TryAsync(() => _folder.RunWhenDueAsync(_stopping.Token)).ConfigureAwait(false);
                works &= await TryAsync(CompactWhenDueAsync).ConfigureAwait(false);
                works &= _failedCompactions < TroubledAfter;
                _board.Troubled(works ? null : "files beside the log or the removal of erased text are behind; the log says why");
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is being closed.
        }
    }

    /// <summary>A mistake of ours in one kind of work must not end the others, nor itself for good.</summary>
    private async Task<bool> TryAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            StoreTelemetry.HousekeepingFailed(_logger, error);
            return false;
        }
    }

    private async Task CompactWhenDueAsync()
    {
        _compactor.CloseRetired();
        if (_state.TakeLateErasures())
            BeginCompactionDelay();
        var since = Interlocked.Read(ref _erasedSince);
        if (since == 0 || _time.GetElapsedTime(since) < CompactionDelay)
            return;
        Interlocked.Exchange(ref _erasedSince, 0);
        var done = false;
        try
        {
            done = await _compactor.CompactAsync(_stopping.Token).ConfigureAwait(false) is null;
        }
        finally
        {
            _failedCompactions = done ? 0 : _failedCompactions + 1;
            if (!done)
                BeginCompactionDelay();
        }
    }

    private void BeginCompactionDelay() => Interlocked.CompareExchange(ref _erasedSince, Math.Max(1, _time.GetTimestamp()), 0);
}
