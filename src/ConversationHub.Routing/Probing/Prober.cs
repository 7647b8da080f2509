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
            if (!_running.TryGetValue(board.Name, out var running) || running.IsCompleted)
                _running[board.Name] = ProbeUntilFitAsync(board, _stop.Token);
        }
    }

    /// <summary>Asks a target that has just answered what it can do and how it is, unless it has said so lately; at most one request in flight.</summary>
    public void Learn(TargetBoard board)
    {
        if ((board.IsKnown && board.FreshHealth is not null) || _stop.IsCancellationRequested)
            return;
        lock (_gate)
        {
            if (!_running.TryGetValue(board.Name, out var running) || running.IsCompleted)
                _running[board.Name] = LearnAsync(board, _stop.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Values).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task ProbeUntilFitAsync(TargetBoard board, CancellationToken stop)
    {
        try
        {
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
    }

    private async Task LearnAsync(TargetBoard board, CancellationToken stop)
    {
        try
        {
            if (board.Locator.Known is { } endpoint)
                await ReadHealthAsync(board, endpoint, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The program ends, and with it the need to know.
        }
    }

    private async Task ProbeOnceAsync(TargetBoard board, CancellationToken stop)
    {
        var located = await board.Locator.LocateAsync(stop).ConfigureAwait(false);
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
