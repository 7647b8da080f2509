using Microsoft.Extensions.Logging;

namespace ConversationHub.Routing;

/// <summary>
/// The only holder of what changes about one target: its breaker, and the last health answer. Thread-safe; hands out snapshots.
/// </summary>
internal sealed class TargetBoard(TargetName name, ITargetLocator locator, TimeProvider time, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private BreakerRecord _record = BreakerRecord.New;
    private CheckedHealth? _health;
    private volatile HealthAnswer? _lastFit;

    public TargetName Name { get; } = name;

    public ITargetLocator Locator { get; } = locator;

    public TargetPipeline Pipeline { get; } = new(time);

    public bool IsOpen => Pipeline.IsOpen;

    public BreakerRecord Record
    {
        get
        {
            lock (_gate)
                return _record;
        }
    }

    /// <summary>Now, on the clock that <see cref="BreakerRecord"/> uses.</summary>
    public Moment Now => new(time.GetElapsedTime(_start), time.GetUtcNow());

    /// <summary>The last health answer, whatever its age; null when there is none or a call contradicted it.</summary>
    public CheckedHealth? Health
    {
        get
        {
            lock (_gate)
                return _health;
        }
    }

    /// <summary>The same, unless it is older than <see cref="HealthReader.CacheLifetime"/>.</summary>
    public CheckedHealth? FreshHealth => Health is { } known && Now.Monotonic - known.At.Monotonic < HealthReader.CacheLifetime ? known : null;

    /// <summary>It has said what it can do.</summary>
    public bool IsKnown => _lastFit is not null;

    /// <summary>Repeats of an operation id are recognised there. What a backend can do outlives its last health answer.</summary>
    public bool RecognisesRepeats => _lastFit?.RecognisesRepeats ?? false;

    /// <summary>Replies can be streamed.</summary>
    public bool Streams => _lastFit?.Streams ?? false;

    /// <summary>Where it is now. What it said of itself when it was looked for is known from then on: the first question, too, is sent as it can take it.</summary>
    public async ValueTask<Located> LocateAsync(CancellationToken cancellationToken)
    {
        var located = await Locator.LocateAsync(cancellationToken).ConfigureAwait(false);
        if (located.Health is { } told)
            RememberHealth(told.Answer, told.Latency);
        return located;
    }

    /// <summary>Takes in how an attempt ended.</summary>
    public void Report(AttemptResult result, Verdict verdict, bool isDirect)
    {
        if (verdict.Effect is BreakerEffect.Failure or BreakerEffect.Open)
            Locator.Forget();
        lock (_gate)
        {
            if (_health is { } known && Contradicts(known.Answer, verdict))
                _health = null;
            Move_NeedsLock(BreakerPolicy.AfterAttempt(_record, Name, result, verdict, isDirect, Now));
        }
    }

    /// <summary>Takes in what a probe found.</summary>
    public void ReportProbe(bool succeeded, string cause)
    {
        if (!succeeded)
            Locator.Forget();
        lock (_gate)
            Move_NeedsLock(BreakerPolicy.AfterProbe(_record, Name, succeeded, cause, Now));
    }

    public void RememberHealth(HealthAnswer answer, TimeSpan latency)
    {
        if (answer.IsFit)
            _lastFit = answer;
        lock (_gate)
            _health = new CheckedHealth(answer, latency, Now);
    }

    private static bool Contradicts(HealthAnswer known, Verdict verdict) => verdict.Effect switch
    {
        BreakerEffect.Success => !known.IsFit,
        BreakerEffect.Failure or BreakerEffect.Open => known.IsFit,
        _ => false,
    };

    private void Move_NeedsLock(BreakerRecord next)
    {
        var before = _record;
        _record = next;
        if (before.State == next.State)
            return;
        if (next.State == BreakerState.Closed)
            Pipeline.Close();
        else if (before.State == BreakerState.Closed)
            Pipeline.Open();
        RoutingTelemetry.BreakerChanged(logger, Name.ToWire(), next.State.ToWire(), next.LastChange!.Cause);
    }
}

/// <summary>A health answer and when it came.</summary>
internal sealed record CheckedHealth(HealthAnswer Answer, TimeSpan Latency, Moment At);
