using System.Diagnostics;

namespace ConversationHub.Testing.Time;

/// <summary>
/// How late this machine lets things happen, measured beside what is under test, again and again: a timer of this process, and then a
/// trivial request to another one where there is one. What comes later than its time by no more than this proves nothing.
/// Thread-safe.
/// </summary>
public sealed class LatenessControl : IAsyncDisposable
{
    private const int MaxSteps = 16 * 1024;

    private readonly TimeSpan _step;
    private readonly Func<Task>? _request;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly (long EndedAt, TimeSpan Late)[] _steps = new (long, TimeSpan)[MaxSteps];
    private readonly Task _stepping;
    private int _count;
    private long _begunAt = Stopwatch.GetTimestamp();

    /// <param name="step">How long the timer of each step is set.</param>
    /// <param name="request">Made after each timer; it counts as late from its beginning to its end.</param>
    public LatenessControl(TimeSpan step, Func<Task>? request = null)
    {
        _step = step;
        _request = request;
        _stepping = Task.Run(() => StepAsync(_stop.Token));
    }

    /// <summary>
    /// How much of the time since a moment was lost: what each step since then was late, together. Several in a row count together,
    /// since an answer, too, is held up at each of its steps. The last 16,384 steps are known.
    /// </summary>
    /// <param name="timestamp">Of <see cref="Stopwatch.GetTimestamp"/>.</param>
    public TimeSpan HeldUpSince(long timestamp)
    {
        lock (_gate)
        {
            var now = Stopwatch.GetTimestamp();
            var lost = Part(Stopwatch.GetElapsedTime(_begunAt, now) - _step, timestamp, now);
            for (var step = _count - 1; step >= 0 && step >= _count - MaxSteps; step--)
            {
                var (endedAt, late) = _steps[step % MaxSteps];
                if (endedAt < timestamp)
                    break;
                lost += Part(late, timestamp, endedAt);
            }

            return lost;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _stepping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>Of what a step was late, what lies after the moment.</summary>
    private static TimeSpan Part(TimeSpan late, long timestamp, long endedAt)
    {
        var after = Stopwatch.GetElapsedTime(timestamp, endedAt);
        var part = late < after ? late : after;
        return part > TimeSpan.Zero ? part : TimeSpan.Zero;
    }

    private async Task StepAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(_step, TimeProvider.System, stop);
            if (_request is not null)
                await _request();
            lock (_gate)
            {
                var now = Stopwatch.GetTimestamp();
                _steps[_count++ % MaxSteps] = (now, Stopwatch.GetElapsedTime(_begunAt, now) - _step);
                _begunAt = now;
            }
        }
    }
}
