namespace Maestra.Backend.Asks;

/// <summary>
/// One question being worked on, and how many wait for it. The work ends early when the last of them leaves,
/// unless its reply is already being stored: then it is too late to say that none was.
/// </summary>
internal sealed class RunningAsk(string fingerprint) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _abandoned = new();
    private readonly TaskCompletionSource<AskOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Phase _phase = Phase.Working;
    private int _waiting;
    private int _isCounted;

    private enum Phase
    {
        Working,
        Storing,
        Abandoned,
        Ended,
    }

    public string Fingerprint { get; } = fingerprint;

    /// <summary>Ends with the work, also with its exception if it has a bug.</summary>
    public Task<AskOutcome> Outcome => _outcome.Task;

    /// <summary>Ends once the question is stored and an answer is being made; never, if it does not come to that.</summary>
    public Task Accepted => _accepted.Task;

    /// <summary>Cancelled when nobody waits any more.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <returns>False when the work was abandoned: the caller waits for its end and begins anew.</returns>
    public bool TryJoin()
    {
        lock (_gate)
        {
            if (_phase == Phase.Abandoned)
                return false;
            _waiting++;
            return true;
        }
    }

    /// <summary>Stops waiting before the outcome is there.</summary>
    /// <returns>False when the reply is being stored, or the work has ended: the outcome comes at once and is the truth to tell.</returns>
    public bool TryLeave()
    {
        lock (_gate)
        {
            if (_phase is Phase.Storing or Phase.Ended)
                return false;
            if (--_waiting > 0)
                return true;
            _phase = Phase.Abandoned;
        }

        _abandoned.Cancel();
        return true;
    }

    public void Accept() => _accepted.TrySetResult();

    /// <summary>From here on the reply may become durable.</summary>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    public void BeginStoring()
    {
        lock (_gate)
        {
            if (_phase == Phase.Abandoned)
                throw new OperationCanceledException(_abandoned.Token);
            _phase = Phase.Storing;
        }
    }

    /// <returns>True once: for the first who is told, since whoever began may have left.</returns>
    public bool TryCount() => Interlocked.Exchange(ref _isCounted, 1) == 0;

    public void End(AskOutcome outcome) => _outcome.TrySetResult(outcome);

    public void Crash(Exception exception)
    {
        _outcome.TrySetException(exception);

        // If nobody waits any more, nobody looks at it; it is in the log.
        _ = _outcome.Task.Exception;
    }

    /// <summary>After its end. An abandoned one is left to the collector: whoever left last may still be cancelling it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_phase == Phase.Abandoned)
                return;
            _phase = Phase.Ended;
        }

        _abandoned.Dispose();
    }
}
