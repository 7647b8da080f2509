namespace ConversationHub.Testing.Time;

/// <summary>
/// A clock that stands still until a test moves it. Timers fire only inside <see cref="Advance"/>, on the thread that
/// calls it, in the order they fall due.
/// </summary>
/// <remarks>
/// The timestamp frequency is seven times that of <see cref="TimeSpan"/> ticks: code that takes a timestamp for ticks
/// or for a <see cref="System.Diagnostics.Stopwatch"/> value is then wrong by a factor of seven and goes red.
/// Thread-safe.
/// </remarks>
public sealed class ManualTimeProvider : TimeProvider
{
    private const long TimestampUnitsPerTick = 7;
    private const int MaxFiringsPerAdvance = 100_000;

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _waiting = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _observers = [];
    private readonly DateTimeOffset _start;
    private TimeSpan _elapsed;

    /// <param name="start">The first value of <see cref="GetUtcNow"/>; default 2026-01-05T09:30:00Z, the time of the samples in wire.md.</param>
    public ManualTimeProvider(DateTimeOffset? start = null) =>
        _start = start ?? new DateTimeOffset(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond * TimestampUnitsPerTick;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How far the clock has been moved since it was made.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            lock (_gate)
                return _elapsed;
        }
    }

    /// <summary>What is left until each waiting timer fires, soonest first.</summary>
    public IReadOnlyList<TimeSpan> Waiting
    {
        get
        {
            lock (_gate)
                return [.. _waiting.Select(timer => timer.DueAt - _elapsed).Order()];
        }
    }

    /// <summary>How far the wall clock was set forward or back; timers and timestamps know nothing of it.</summary>
    public TimeSpan WallOffset { get; set; }

    public override DateTimeOffset GetUtcNow() => _start + Elapsed + WallOffset;

    public override long GetTimestamp() => Elapsed.Ticks * TimestampUnitsPerTick;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes once at least <paramref name="count"/> timers wait; this is how a test knows that the code under test has gone to sleep.</summary>
    /// <exception cref="TimeoutException">Nobody waited within <see cref="TestTimeouts.Signal"/>.</exception>
    public Task WaitForTimersAsync(int count = 1)
    {
        TaskCompletionSource reached;
        lock (_gate)
        {
            if (_waiting.Count >= count)
                return Task.CompletedTask;
            reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _observers.Add((count, reached));
        }

        return reached.Task.WaitAsync(TestTimeouts.Signal);
    }

    /// <summary>Moves the clock and fires, one by one and each at its own time, the timers that fall due on the way.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The clock never runs back.</exception>
    /// <exception cref="InvalidOperationException">More than 100,000 timers fired: some timer starts itself anew without end.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var target = Elapsed + by;
        for (var fired = 0; ; fired++)
        {
            if (fired > MaxFiringsPerAdvance)
                throw new InvalidOperationException($"More than {MaxFiringsPerAdvance} timers fired within one Advance({by}).");

            ManualTimer? next;
            lock (_gate)
            {
                next = _waiting.Where(timer => timer.DueAt <= target).MinBy(timer => timer.DueAt);
                if (next is null)
                {
                    _elapsed = target;
                    return;
                }

                // A timer whose due time lies behind us was started with zero: it fires now, and time does not go back.
                if (next.DueAt > _elapsed)
                    _elapsed = next.DueAt;
                Reschedule_NeedsLock(next, next.Period);
            }

            next.Fire();
        }
    }

    private void Schedule(ManualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        lock (_gate)
        {
            timer.Period = period;
            Reschedule_NeedsLock(timer, dueTime);
        }
    }

    private void Reschedule_NeedsLock(ManualTimer timer, TimeSpan dueIn)
    {
        _waiting.Remove(timer);
        if (timer.IsDisposed || dueIn == Timeout.InfiniteTimeSpan)
            return;

        timer.DueAt = _elapsed + dueIn;
        _waiting.Add(timer);
        foreach (var observer in _observers.Where(observer => observer.Count <= _waiting.Count))
            observer.Reached.TrySetResult();
        _observers.RemoveAll(observer => observer.Reached.Task.IsCompleted);
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan DueAt { get; set; }

        public TimeSpan Period { get; set; } = Timeout.InfiniteTimeSpan;

        public bool IsDisposed { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (IsDisposed)
                return false;
            // As System.Threading.Timer: a period of zero means once.
            owner.Schedule(this, dueTime, period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : period);
            return true;
        }

        public void Dispose()
        {
            IsDisposed = true;
            owner.Schedule(this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
