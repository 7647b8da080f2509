using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;
using ModelContextProtocol;

namespace ConversationHub.Mcp.Asking;

/// <summary>
/// Tells the caller how its question fares: at once, then at least every second, and when another target is asked. The value
/// strictly rises, and nothing is sent once <see cref="DisposeAsync"/> has returned.
/// </summary>
internal sealed class ProgressReporter : IProgress<RoutingProgress>, IAsyncDisposable
{
    /// <summary>Less than a second, since timers are late and never early.</summary>
    internal const int IntervalMilliseconds = 900;

    private readonly Func<ProgressNotificationValue, CancellationToken, Task> _send;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly CancellationTokenSource _stop;
    private readonly Task _running;
    private readonly Lock _lock = new();
    private RoutingProgress? _latest;
    private volatile bool _isInLine;
    private StreamedText? _streamed;
    private TaskCompletionSource _changed = NewSignal();

    internal ProgressReporter(
        Func<ProgressNotificationValue, CancellationToken, Task> send, TimeProvider time, CancellationToken cancellationToken)
    {
        _send = send;
        _time = time;
        _start = time.GetTimestamp();
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _running = RunAsync(_stop.Token);
    }

    /// <summary>The question waits for others to end before it is asked.</summary>
    internal bool IsInLine
    {
        set => _isInLine = value;
    }

    public void Report(RoutingProgress value)
    {
        lock (_lock)
        {
            if (value.NewText is { } piece)
            {
                // Told when it is time again: a streamed reply comes in hundreds of pieces.
                _streamed = StreamedText.Append(_streamed, value.Asking, piece);
                return;
            }

            (_latest, _streamed) = (value, null);
            _changed.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var value = 1; ; value++)
            {
                var (latest, streamed, changed) = Take();
                var message = ProgressTexts.Of(latest, streamed, _isInLine, _time.GetElapsedTime(_start));
                await _send(new ProgressNotificationValue { Progress = value, Message = message }, cancellationToken);

                // Running into the time limit is the ordinary case here, not a failure.
                await changed.WaitAsync(TimeSpan.FromMilliseconds(IntervalMilliseconds), _time, cancellationToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // The answer is there, or nobody waits for it any more: either way there is nothing left to tell.
        }
    }

    private (RoutingProgress? Latest, StreamedText? Streamed, Task Changed) Take()
    {
        lock (_lock)
        {
            if (_changed.Task.IsCompleted)
                _changed = NewSignal();
            return (_latest, _streamed, _changed.Task);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
