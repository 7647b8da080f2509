namespace Maestra.Backend.Stopping;

/// <summary>
/// The graceful stop: once it has begun no new ask is taken, those that run may finish within a bound, then they are cut.
/// The only holder of that state. Thread-safe.
/// </summary>
internal sealed class Drain : IDisposable
{
    /// <summary>How long running asks may take to finish; with what comes after it, within the 30 s that orchestrators grant.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _begun = new();
    private readonly CancellationTokenSource _cut = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _hasBegun;
    private int _running;

    /// <summary>Cancelled when the stop begins.</summary>
    public CancellationToken Begun => _begun.Token;

    /// <summary>Cancelled when running asks may go on no longer.</summary>
    public CancellationToken Cut => _cut.Token;

    public bool HasBegun
    {
        get
        {
            lock (_gate)
                return _hasBegun;
        }
    }

    /// <returns>False once the stop has begun; otherwise <see cref="Leave"/> follows when the reply is written.</returns>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_hasBegun)
                return false;
            _running++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_running == 0 && _hasBegun)
                _idle.TrySetResult();
        }
    }

    /// <summary>Takes no new ask from now on. Idempotent.</summary>
    /// <returns>How many run at this moment.</returns>
    public int Begin()
    {
        int running;
        lock (_gate)
        {
            _hasBegun = true;
            running = _running;
            if (running == 0)
                _idle.TrySetResult();
        }

        // Outside the lock: it runs what others have registered.
        _begun.Cancel();
        return running;
    }

    /// <summary>Returns when no ask runs any more; those still running after <see cref="Limit"/> are cut.</summary>
    public async Task WaitAsync(TimeProvider time)
    {
        try
        {
            await _idle.Task.WaitAsync(Limit, time);
        }
        catch (TimeoutException)
        {
            await _cut.CancelAsync();
        }
    }

    public void Dispose()
    {
        _begun.Dispose();
        _cut.Dispose();
    }
}
