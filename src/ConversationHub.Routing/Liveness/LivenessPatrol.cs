namespace ConversationHub.Routing;

/// <summary>
/// Tells slow from dead while questions are out at one target (design.md §4): by the events of streamed replies, or else by
/// asking the target's <c>/health</c> on another connection, once for all that are waiting. An attempt without a sign of life
/// for 2 s is given up. Thread-safe.
/// </summary>
internal sealed class LivenessPatrol(BackendClient client, TargetBoard board, TimeProvider time)
{
    /// <summary>A question answered before this costs no health request.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1);

    /// <summary>How often health is asked while a question waits.</summary>
    public static readonly TimeSpan HealthInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Without a sign of life for this long an attempt is not alive.</summary>
    public static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(2);

    /// <summary>How often the attempts are looked at; what silence may last longer than its limit.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// What one look counts at most, however long ago the last one was: when this process itself was held up,
    /// nobody else's silence is proven.
    /// </summary>
    private static readonly TimeSpan MaxLookStep = 2 * LookInterval;

    private readonly Lock _gate = new();
    private readonly List<LivenessWatch> _out = [];
    private ITimer? _timer;
    private bool _isLooking;
    private long _lastLook;
    private long _observedTicks;
    private TimeSpan? _healthSign;
    private TimeSpan? _healthAsked;
    private bool _healthInFlight;

    /// <summary>Its own health request is in flight: one at most.</summary>
    internal bool IsAskingHealth
    {
        get
        {
            lock (_gate)
                return _healthInFlight;
        }
    }

    /// <summary>How long this patrol has been looking; the clock by which signs of life are dated.</summary>
    internal TimeSpan Observed => TimeSpan.FromTicks(Interlocked.Read(ref _observedTicks));

    /// <summary>An attempt begins; it is watched until it is disposed.</summary>
    public LivenessWatch Enter(TargetEndpoint endpoint, CancellationToken cancellationToken)
    {
        var watch = new LivenessWatch(this, endpoint, cancellationToken);
        lock (_gate)
        {
            watch.Slot = _out.Count;
            _out.Add(watch);
            if (!_isLooking)
            {
                _isLooking = true;
                _lastLook = time.GetTimestamp();
                _timer ??= time.CreateTimer(static patrol => ((LivenessPatrol)patrol!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(LookInterval, LookInterval);
            }
        }

        return watch;
    }

    internal void Leave(LivenessWatch watch)
    {
        lock (_gate)
        {
            if (watch.Slot < 0)
                return;

            // The last one takes its place: leaving costs the same however many are out.
            var last = _out[^1];
            _out[watch.Slot] = last;
            last.Slot = watch.Slot;
            _out.RemoveAt(_out.Count - 1);
            watch.Slot = -1;
        }
    }

    private void Look()
    {
        List<LivenessWatch>? silent = null;
        LivenessWatch? asker = null;
        lock (_gate)
        {
            if (_out.Count == 0)
            {
                _isLooking = false;
                _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return;
            }

            var now = Step_NeedsLock();
            foreach (var watch in _out)
            {
                if (now - LastSignOf_NeedsLock(watch) >= SilenceLimit)
                    (silent ??= []).Add(watch);
                else if (!watch.Streams && now - watch.Started >= FirstLook)
                    asker = watch;
            }

            if (asker is not null && (_healthInFlight || (_healthAsked is { } asked && now - asked < HealthInterval)))
                asker = null;
            if (asker is not null)
            {
                _healthInFlight = true;
                _healthAsked = now;
            }
        }

        if (asker is not null)
            _ = AskHealthAsync(asker.Endpoint);

        // Outside the lock: giving up runs the transport's callbacks, which end the attempt.
        foreach (var watch in silent ?? [])
            watch.GiveUp();
    }

    private TimeSpan Step_NeedsLock()
    {
        var step = time.GetElapsedTime(_lastLook);
        _lastLook = time.GetTimestamp();
        return TimeSpan.FromTicks(Interlocked.Add(ref _observedTicks, (step < MaxLookStep ? step : MaxLookStep).Ticks));
    }

    private TimeSpan LastSignOf_NeedsLock(LivenessWatch watch) =>
        !watch.Streams && _healthSign is { } health && health > watch.LastSign ? health : watch.LastSign;

    private async Task AskHealthAsync(TargetEndpoint endpoint)
    {
        var asked = time.GetTimestamp();
        HealthAnswer? answer = null;
        try
        {
            answer = await client.ReadHealthWithinAsync(board.Name, endpoint, SilenceLimit, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            // Also when a bug throws: with this left set, every question after it would be judged dead.
            lock (_gate)
            {
                _healthInFlight = false;
                if (answer is { IsAlive: true })
                    _healthSign = Observed;
            }
        }

        if (answer.IsAlive)
            board.RememberHealth(answer, time.GetElapsedTime(asked));
    }
}
