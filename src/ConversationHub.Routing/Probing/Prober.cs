using System.Collections.Concurrent;

namespace ConversationHub.Routing;

/// <summary>
/// Probes open targets in the background until they are fit again, at most one probe in flight for each.
/// A user's question is never the probe; it only wakes this. Thread-safe.
/// </summary>
internal sealed class Prober(BackendClient client, TimeProvider time, Random random) : IAsyncDisposable
{
    private static readonly TimeSpan LocalAnswerLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloudAnswerLimit = TimeSpan.FromSeconds(2);

    /// <summary>As long as a connection to the local backend may take.</summary>
    public static readonly TimeSpan RouseLimit = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<TargetName, Task> _running = new();
    private readonly Lock _gate = new();
    private long _lastQuestion = time.GetTimestamp();

    /// <summary>Notes that someone asks, and starts probing the target if it is open and not being probed.</summary>
    public void Wake(TargetBoard board)
    {
        Interlocked.Exchange(ref _lastQuestion, time.GetTimestamp());
        if (!board.IsOpen || _stop.IsCancellationRequested)
            return;
        lock (_gate)
        {
            if (!IsProbing(board.Name))
                _running[board.Name] = ProbeUntilFitAsync(board, _stop.Token);
        }
    }

    /// <summary>
    /// As <see cref="Wake"/>; and when the local backend has not been probed for a while, since nobody asked, what is known of it is old:
    /// then it is probed at once, and the question waits until that has told something new, at most <see cref="RouseLimit"/>.
    /// </summary>
    /// <param name="remaining">Of the question's time: it waits no longer than that.</param>
    public async ValueTask RouseAsync(TargetBoard board, TimeSpan remaining, CancellationToken cancellationToken)
    {
        TaskCompletionSource told;
        lock (_gate)
        {
            var isAsleep = board.IsOpen && board.Name == TargetName.Local && board.Record.HeldUntil <= board.Now.Monotonic && !_stop.IsCancellationRequested
                && _running.ContainsKey(board.Name) && !IsProbing(board.Name);
            if (!isAsleep)
            {
                Wake(board);
                return;
            }

            Interlocked.Exchange(ref _lastQuestion, time.GetTimestamp());
            told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _running[board.Name] = ProbeUntilFitAsync(board, _stop.Token, told);
        }

        try
        {
            await told.Task.WaitAsync(remaining < RouseLimit ? remaining : RouseLimit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Nothing new is known in time: it is passed over as before.
        }
    }

    /// <summary>Asks a target that has just answered what it can do and how it is, unless it has said so lately; at most one request in flight.</summary>
    public void Learn(TargetBoard board)
    {
        if ((board.IsKnown && board.FreshHealth is not null) || _stop.IsCancellationRequested)
            return;
        lock (_gate)
        {
            if (!IsProbing(board.Name))
                _running[board.Name] = LearnAsync(board, _stop.Token);
        }
    }

    public bool IsProbing(TargetName target) => _running.TryGetValue(target, out var running) && !running.IsCompleted;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Values).ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <param name="told">Not null: the first probe is made at once, and this completes when it has failed, or the target is fit.</param>
    private async Task ProbeUntilFitAsync(TargetBoard board, CancellationToken stop, TaskCompletionSource? told = null)
    {
        try
        {
            if (told is not null)
                await ProbeOnceAsync(board, stop).ConfigureAwait(false);
            if (board.Record.State == BreakerState.Open)
                told?.TrySetResult();
            while (board.IsOpen && time.GetElapsedTime(Interlocked.Read(ref _lastQuestion)) < ProbeSchedule.IdleLimit)
            {
                var delay = ProbeSchedule.NextDelay(board.Record, board.Name, board.Now.Monotonic, NextJitter());
                await Task.Delay(delay, time, stop).ConfigureAwait(false);
                await ProbeOnceAsync(board, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The program ends; an open breaker ends with it.
        }
        finally
        {
            told?.TrySetResult();
        }
    }

    private async Task LearnAsync(TargetBoard board, CancellationToken stop)
    {
        try
        {
            if (board.Locator.Known is { } endpoint)
                await ReadHealthAsync(board, endpoint, stop).ConfigureAwait(false);

            // It may have failed meanwhile, and who woke the prober found this in its place.
            await ProbeUntilFitAsync(board, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The program ends, and with it the need to know.
        }
    }

    private async Task ProbeOnceAsync(TargetBoard board, CancellationToken stop)
    {
        var located = await board.LocateAsync(stop).ConfigureAwait(false);
        if (located.Endpoint is not { } endpoint)
        {
            board.ReportProbe(succeeded: false, located.Failure!.Outcome.ToWire());
            return;
        }

        var answer = await ReadHealthAsync(board, endpoint, stop).ConfigureAwait(false);
        board.ReportProbe(answer.IsFit, $"probe: {answer.Status.ToWire()}");
    }

    private async Task<HealthAnswer> ReadHealthAsync(TargetBoard board, TargetEndpoint endpoint, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        var limit = board.Name == TargetName.Local ? LocalAnswerLimit : CloudAnswerLimit;
        var answer = await client.ReadHealthWithinAsync(board.Name, endpoint, limit, stop).ConfigureAwait(false);
        board.RememberHealth(answer, time.GetElapsedTime(started));
        return answer;
    }

    private double NextJitter()
    {
        lock (_gate)
            return random.NextDouble();
    }
}
