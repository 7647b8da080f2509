namespace ConversationHub.Routing;

/// <summary>
/// Tells slow from dead while a question is out (design.md §4): by the events of a streamed reply, or, until there are any,
/// by asking the target's <c>/health</c> on another connection. Without a sign of life for 2 s the attempt is given up.
/// </summary>
internal sealed class LivenessWatch : IAsyncDisposable
{
    /// <summary>A question answered before this costs no health request.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Without a sign of life for this long a target is not alive.</summary>
    public static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(2);

    private readonly BackendClient _client;
    private readonly TargetBoard _board;
    private readonly TargetEndpoint _endpoint;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _gaveUp = new();
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _attempt;
    private readonly Task _watching;
    private long _lastSign;
    private volatile bool _streams;

    public LivenessWatch(
        BackendClient client, TargetBoard board, TargetEndpoint endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        _client = client;
        _board = board;
        _endpoint = endpoint;
        _time = time;
        _lastSign = time.GetTimestamp();
        _attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _gaveUp.Token);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(_attempt.Token);
        _watching = WatchAsync(_stop.Token);
    }

    /// <summary>Cancelled when the caller cancels or the target is given up.</summary>
    public CancellationToken Token => _attempt.Token;

    public bool GaveUp => _gaveUp.IsCancellationRequested;

    /// <summary>An event of the streamed reply came: from now on only these count, since they tell of the work itself.</summary>
    public void Sign()
    {
        Interlocked.Exchange(ref _lastSign, _time.GetTimestamp());
        _streams = true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        _stop.Dispose();
        _attempt.Dispose();
        _gaveUp.Dispose();
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(FirstLook, _time, stop).ConfigureAwait(false);
            while (Patience() is var patience && patience > TimeSpan.Zero)
            {
                if (!_streams)
                    await AskHealthAsync(patience, stop).ConfigureAwait(false);
                var left = Patience();
                if (left > TimeSpan.Zero)
                    await Task.Delay(left < LookInterval ? left : LookInterval, _time, stop).ConfigureAwait(false);
            }

            await _gaveUp.CancelAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The question was answered or cancelled first.
        }
    }

    private async Task AskHealthAsync(TimeSpan patience, CancellationToken stop)
    {
        var asked = _time.GetTimestamp();
        var answer = await _client.ReadHealthWithinAsync(_board.Name, _endpoint, patience, stop).ConfigureAwait(false);
        if (!answer.IsAlive)
            return;
        Interlocked.Exchange(ref _lastSign, _time.GetTimestamp());
        _board.RememberHealth(answer, _time.GetElapsedTime(asked));
    }

    private TimeSpan Patience() => SilenceLimit - _time.GetElapsedTime(Interlocked.Read(ref _lastSign));
}
