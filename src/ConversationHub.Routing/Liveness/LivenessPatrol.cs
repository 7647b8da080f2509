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

    private readonly Lock _gate = new();
    private readonly List<LivenessWatch> _out = [];
    private ITimer? _timer;
    private bool _isLooking;
    private long? _healthSign;
    private long? _healthAsked;
    private bool _healthInFlight;

    /// <summary>An attempt begins; it is watched until it is disposed.</summary>
    public LivenessWatch Enter(TargetEndpoint endpoint, CancellationToken cancellationToken)
    {
        var watch = new LivenessWatch(this, endpoint, time, cancellationToken);
        lock (_gate)
        {
            watch.Slot = _out.Count;
            _out.Add(watch);
            if (!_isLooking)
            {
                _isLooking = true;
                _timer ??= time.CreateTimer(static patrol => ((LivenessPatrol)patrol!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(FirstLook, LookInterval);
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

            foreach (var watch in _out)
            {
                if (time.GetElapsedTime(LastSignOf_NeedsLock(watch)) >= SilenceLimit)
                    (silent ??= []).Add(watch);
                else if (!watch.Streams && time.GetElapsedTime(watch.Started) >= FirstLook)
                    asker = watch;
            }

            if (asker is not null && (_healthInFlight || (_healthAsked is { } asked && time.GetElapsedTime(asked) < HealthInterval)))
                asker = null;
            if (asker is not null)
            {
                _healthInFlight = true;
                _healthAsked = time.GetTimestamp();
            }
        }

        if (asker is not null)
            _ = AskHealthAsync(asker.Endpoint);

        // Outside the lock: giving up runs the transport's callbacks, which end the attempt.
        foreach (var watch in silent ?? [])
            watch.GiveUp();
    }

    private long LastSignOf_NeedsLock(LivenessWatch watch) =>
        !watch.Streams && _healthSign is { } health && health > watch.LastSign ? health : watch.LastSign;

    private async Task AskHealthAsync(TargetEndpoint endpoint)
    {
        var asked = time.GetTimestamp();
        var answer = await client.ReadHealthWithinAsync(board.Name, endpoint, SilenceLimit, CancellationToken.None).ConfigureAwait(false);
        lock (_gate)
        {
            _healthInFlight = false;
            if (answer.IsAlive)
                _healthSign = time.GetTimestamp();
        }

        if (answer.IsAlive)
            board.RememberHealth(answer, time.GetElapsedTime(asked));
    }
}
