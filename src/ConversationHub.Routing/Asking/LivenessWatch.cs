namespace ConversationHub.Routing;

/// <summary>
/// Tells slow from dead: while a question is out, the target's <c>/health</c> is asked on another connection,
/// and a target that shows no sign of life for 2 s is given up (design.md §4).
/// </summary>
internal sealed class LivenessWatch : IAsyncDisposable
{
    /// <summary>A question answered before this costs no health request.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Without a sign of life for this long a target is not alive.</summary>
    public static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stalled = new();
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _attempt;
    private readonly Task _watching;

    public LivenessWatch(
        BackendClient client, TargetName target, TargetEndpoint endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        _attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stalled.Token);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(_attempt.Token);
        _watching = WatchAsync(client, target, endpoint, time, _stop.Token);
    }

    /// <summary>Cancelled when the caller cancels or the target is given up.</summary>
    public CancellationToken Token => _attempt.Token;

    public bool GaveUp => _stalled.IsCancellationRequested;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        _stop.Dispose();
        _attempt.Dispose();
        _stalled.Dispose();
    }

    private async Task WatchAsync(
        BackendClient client, TargetName target, TargetEndpoint endpoint, TimeProvider time, CancellationToken stop)
    {
        try
        {
            var lastSign = time.GetTimestamp();
            await Task.Delay(FirstLook, time, stop).ConfigureAwait(false);
            while (true)
            {
                var patience = SilenceLimit - time.GetElapsedTime(lastSign);
                if (patience <= TimeSpan.Zero)
                    break;
                var answer = await client.ReadHealthWithinAsync(target, endpoint, patience, stop).ConfigureAwait(false);
                if (answer.IsAlive)
                    lastSign = time.GetTimestamp();
                await Task.Delay(LookInterval, time, stop).ConfigureAwait(false);
            }

            await _stalled.CancelAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The question was answered or cancelled first.
        }
    }
}
