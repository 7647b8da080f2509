using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;

namespace Maestra.Backend.Asks;

/// <summary>Identity of a question (wire.md §2, Replay).</summary>
internal readonly record struct AskKey(UserId User, OperationId OperationId);

/// <summary>
/// The questions being worked on: a repeat of one joins it and is not run twice.
/// The only holder of that state; bounded by the gate that all asks pass before.
/// </summary>
internal sealed class RunningAsks(TimeProvider time, ILogger<RunningAsks> logger)
{
    /// <summary>How long a caller whose time is spent waits for a reply that is being stored: a disk that works needs less, one that hangs may never tell.</summary>
    internal static readonly TimeSpan StoringGrace = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly Dictionary<AskKey, RunningAsk> _running = [];

    /// <summary>Joins the work on this question, or begins it.</summary>
    /// <param name="work">Stores and answers the question; told whether anybody still waits.</param>
    /// <param name="onAccepted">Called once, when the work goes beyond storing the question; not for a reply that is there already.</param>
    /// <param name="giveUp">This caller waits no longer.</param>
    /// <returns>Null when the caller gave up before there was an outcome. Whether a reply that was being stored then is durable may be unknown.</returns>
    public async Task<AskOutcome?> JoinOrRunAsync(
        AskKey key, string fingerprint, Func<RunningAsk, Task<AskOutcome>> work, Action? onAccepted, CancellationToken giveUp)
    {
        // Bounded by the caller's deadline: each turn waits for the end of abandoned work, which is near.
        while (!giveUp.IsCancellationRequested)
        {
            var (ask, begins, joined) = Find(key, fingerprint);
            if (ask.Fingerprint != fingerprint)
                return new AskOutcome.Failed(Refusals.IdempotencyMismatch());
            if (begins)
                _ = RunAsync(key, ask, work);
            if (joined)
                return Told(ask, await WaitAsync(ask, onAccepted, giveUp));
            await ((Task)ask.Outcome).WaitAsync(giveUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return null;
    }

    private static AskOutcome? Told(RunningAsk ask, AskOutcome? outcome) =>
        outcome is AskOutcome.Answered answered && !ask.TryCount() ? answered with { IsCounted = true } : outcome;

    private (RunningAsk Ask, bool Begins, bool Joined) Find(AskKey key, string fingerprint)
    {
        lock (_gate)
        {
            if (_running.TryGetValue(key, out var running))
                return (running, false, running.Fingerprint == fingerprint && running.TryJoin());
            running = new RunningAsk(fingerprint);
            _running.Add(key, running);
            return (running, true, running.TryJoin());
        }
    }

    private async Task RunAsync(AskKey key, RunningAsk ask, Func<RunningAsk, Task<AskOutcome>> work)
    {
        // Off the first caller's path, so that its deadline holds even if the work runs long before it first yields.
        await Task.Yield();
        AskOutcome? outcome = null;
        Exception? crash = null;
        try
        {
            outcome = await work(ask);
        }
        catch (OperationCanceledException) when (ask.Abandoned.IsCancellationRequested)
        {
            // Nobody waits: what is told here reaches no one, but ends the wait of a repeat that comes at this moment.
            outcome = new AskOutcome.Failed(Refusals.DeadlineExceeded());
        }
#pragma warning disable CA1031 // A bug: logged, and told to every caller who waits, each of whom answers 500.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.AskCrashed(key.OperationId, e);
            crash = e;
        }

        lock (_gate)
            _running.Remove(key);
        if (outcome is not null)
            ask.End(outcome);
        else
            ask.Crash(crash!);
        ask.Dispose();
    }

    private async Task<AskOutcome?> WaitAsync(RunningAsk ask, Action? onAccepted, CancellationToken giveUp)
    {
        try
        {
            if (onAccepted is not null)
            {
                await Task.WhenAny(ask.Accepted, ask.Outcome).WaitAsync(giveUp);
                if (ask.Accepted.IsCompleted)
                    onAccepted();
            }

            return await ask.Outcome.WaitAsync(giveUp);
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            return ask.TryLeave() ? null : await WaitForStoringAsync(ask);
        }
    }

    private async Task<AskOutcome> WaitForStoringAsync(RunningAsk ask)
    {
        try
        {
            return await ask.Outcome.WaitAsync(StoringGrace, time);
        }
        catch (TimeoutException)
        {
            return new AskOutcome.Failed(Refusals.StoreFailure(
                new StoreFailure(StoreFailureKind.OutcomeUnknown, "The reply was still being stored when the time was spent.")));
        }
    }
}
