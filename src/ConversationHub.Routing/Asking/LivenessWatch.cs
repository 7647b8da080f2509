namespace ConversationHub.Routing;

/// <summary>
/// Tells slow from dead while a question is out (design.md §4): by the events of a streamed reply, or, until there are any,
/// by asking the target's <c>/health</c> on another connection. Without a sign of life for 2 s the attempt is given up.
/// </summary>
internal sealed class LivenessWatch : IDisposable
{
    /// <summary>A question answered before this costs no health request.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Without a sign of life for this long a target is not alive.</summary>
    public static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly BackendClient _client;
    private readonly TargetBoard _board;
    private readonly TargetEndpoint _endpoint;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _attempt;
    private readonly ITimer _timer;
    private long _lastSign;
    private volatile bool _streams;
    private bool _isOver;

    public LivenessWatch(
        BackendClient client, TargetBoard board, TargetEndpoint endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        _client = client;
        _board = board;
        _endpoint = endpoint;
        _time = time;
        _lastSign = time.GetTimestamp();
        _attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = _attempt.Token;

        // A timer rather than a task that sleeps: nearly every question is answered before it would wake.
        _timer = time.CreateTimer(static watch => _ = ((LivenessWatch)watch!).LookAsync(), this, FirstLook, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled when the caller cancels, the target is given up, or the watch ends.</summary>
    public CancellationToken Token { get; }

    public bool GaveUp { get; private set; }

    /// <summary>An event of the streamed reply came: from now on only these count, since they tell of the work itself.</summary>
    public void Sign()
    {
        Interlocked.Exchange(ref _lastSign, _time.GetTimestamp());
        _streams = true;
    }

    /// <summary>The attempt has ended. A health request in flight is aborted, not awaited.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            if (GaveUp)
                return;
            _isOver = true;
        }

        End();
    }

    private async Task LookAsync()
    {
        try
        {
            if (!_streams && Patience() is var patience && patience > TimeSpan.Zero)
                await AskHealthAsync(patience).ConfigureAwait(false);
            var left = Patience();
            if (left > TimeSpan.Zero)
                _timer.Change(left < LookInterval ? left : LookInterval, Timeout.InfiniteTimeSpan);
            else
                GiveUp();
        }
        catch (OperationCanceledException) when (Token.IsCancellationRequested)
        {
            // The question was answered or cancelled first.
        }
    }

    private async Task AskHealthAsync(TimeSpan patience)
    {
        var asked = _time.GetTimestamp();
        var answer = await _client.ReadHealthWithinAsync(_board.Name, _endpoint, patience, Token).ConfigureAwait(false);
        if (!answer.IsAlive)
            return;
        Interlocked.Exchange(ref _lastSign, _time.GetTimestamp());
        _board.RememberHealth(answer, _time.GetElapsedTime(asked));
    }

    private void GiveUp()
    {
        lock (_gate)
        {
            if (_isOver)
                return;
            GaveUp = true;
        }

        End();
    }

    /// <summary>Once, outside the lock: the transport's callbacks end the attempt, which disposes this.</summary>
    private void End()
    {
        _attempt.Cancel();
        _attempt.Dispose();
    }

    private TimeSpan Patience() => SilenceLimit - _time.GetElapsedTime(Interlocked.Read(ref _lastSign));
}
