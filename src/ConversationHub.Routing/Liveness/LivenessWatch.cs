namespace ConversationHub.Routing;

/// <summary>One attempt as <see cref="LivenessPatrol"/> sees it: when it last gave a sign of life, and how to give it up.</summary>
internal sealed class LivenessWatch : IReplySigns, IDisposable
{
    private const int Watching = 0;
    private const int Ended = 1;
    private const int GivenUp = 2;

    private readonly LivenessPatrol _patrol;
    private readonly CancellationTokenSource _attempt;
    private long _lastSignTicks;
    private int _state = Watching;

    internal LivenessWatch(LivenessPatrol patrol, TargetEndpoint endpoint, CancellationToken cancellationToken)
    {
        _patrol = patrol;
        Endpoint = endpoint;
        Started = patrol.Observed;
        _lastSignTicks = Started.Ticks;
        _attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = _attempt.Token;
    }

    /// <summary>Where the attempt went.</summary>
    public TargetEndpoint Endpoint { get; }

    /// <summary>Cancelled when the caller cancels, the target is given up, or the attempt ends.</summary>
    public CancellationToken Token { get; }

    public bool GaveUp => Volatile.Read(ref _state) == GivenUp;

    /// <summary>When the attempt began, by the patrol's clock.</summary>
    public TimeSpan Started { get; }

    /// <summary>The reply is streamed: its events tell of the work itself, so that nothing else counts any more.</summary>
    public bool Streams { get; private set; }

    /// <summary>When the last event or piece of the reply came, or the attempt began, by the patrol's clock.</summary>
    public TimeSpan LastSign => TimeSpan.FromTicks(Interlocked.Read(ref _lastSignTicks));

    /// <summary>Where the patrol keeps it; under the patrol's lock.</summary>
    internal int Slot { get; set; }

    /// <summary>The question has been written, at least in part: from now on it may run.</summary>
    public bool WasSent { get; private set; }

    /// <summary>The connection stands, and the question is being written.</summary>
    public void Sending() => WasSent = true;

    /// <summary>An event of the streamed reply came.</summary>
    public void Sign()
    {
        Piece();
        Streams = true;
    }

    /// <summary>A piece of a reply that is not streamed came.</summary>
    public void Piece() => Interlocked.Exchange(ref _lastSignTicks, _patrol.Observed.Ticks);

    public void GiveUp()
    {
        if (Interlocked.CompareExchange(ref _state, GivenUp, Watching) == Watching)
            End();
    }

    /// <summary>The attempt has ended.</summary>
    public void Dispose()
    {
        _patrol.Leave(this);
        if (Interlocked.CompareExchange(ref _state, Ended, Watching) == Watching)
            End();
    }

    private void End()
    {
        _attempt.Cancel();
        _attempt.Dispose();
    }
}
