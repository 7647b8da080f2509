namespace Maestra.Backend.Streaming;

/// <summary>
/// The system's time with timers that fire on one thread of their own. A heartbeat says that the process works, so it must not wait
/// for a place in a thread pool that is busy with that very work.
/// </summary>
/// <remarks>Callbacks run one after the other, must be short and must not throw.</remarks>
internal sealed class OwnThreadTime : TimeProvider, IDisposable
{
    private readonly object _gate = new();
    private readonly PriorityQueue<Timer, TimeSpan> _due = new();
    private readonly long _startedAt;
    private readonly Thread _thread;
    private bool _isOver;

    public OwnThreadTime()
    {
        _startedAt = GetTimestamp();
        _thread = new Thread(Run) { IsBackground = true, Name = "heartbeats" };
        _thread.Start();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private TimeSpan Now => GetElapsedTime(_startedAt);

    private void Run()
    {
        while (Next() is { } timer)
            timer.Fire();
    }

    /// <summary>Waits for the timer that falls due first; null at the end.</summary>
    private Timer? Next()
    {
        lock (_gate)
        {
            while (!_isOver)
            {
                if (!_due.TryPeek(out var timer, out var at))
                {
                    Monitor.Wait(_gate);
                    continue;
                }

                if (at - Now is var left && left > TimeSpan.Zero)
                {
                    Monitor.Wait(_gate, left + TimeSpan.FromMilliseconds(1));
                    continue;
                }

                _due.Dequeue();
                if (timer.Period > TimeSpan.Zero)
                    _due.Enqueue(timer, at + timer.Period);
                return timer;
            }

            return null;
        }
    }

    private void Schedule(Timer timer, TimeSpan dueTime, TimeSpan period)
    {
        lock (_gate)
        {
            _due.Remove(timer, out _, out _);
            timer.Period = period;
            if (dueTime >= TimeSpan.Zero)
                _due.Enqueue(timer, Now + dueTime);
            Monitor.Pulse(_gate);
        }
    }

    private sealed class Timer(OwnThreadTime owner, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _isDisposed;

        /// <summary>Zero or less: fires once.</summary>
        public TimeSpan Period { get; set; }

        public void Fire()
        {
            if (!_isDisposed)
                callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_isDisposed)
                return false;
            owner.Schedule(this, dueTime, period);
            return true;
        }

        public void Dispose()
        {
            _isDisposed = true;
            owner.Schedule(this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
