using ConversationHub.Store;
using Maestra.Backend.Http;

namespace Maestra.Backend.Asks;

/// <summary>
/// Has a stored question answered by one replica at a time: another's work is waited for, and taken over only when its lease has run out.
/// Where one process has the store to itself it does nothing.
/// </summary>
internal sealed class LeasedAnswer(IQuestionLeases leases, TimeProvider time, ILogger<LeasedAnswer> logger)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>A lease is taken again so many times before it would run out.</summary>
    private const int RenewalsPerLease = 3;

    /// <param name="settle">Asks the store again: what there is to tell without answering, such as a reply that is there by now, or null.</param>
    /// <param name="answer">Makes the answer; told whether another replica may have begun to.</param>
    public async Task<AskOutcome> RunAsync(AskKey key, RunningAsk run, Func<Task<AskOutcome?>> settle, Func<bool, Task<AskOutcome>> answer)
    {
        if (leases.Duration == Timeout.InfiniteTimeSpan)
            return await answer(false);

        // Bounded by the callers' deadlines: when nobody waits any more the delay ends with the work.
        for (var waited = false; ; waited = true)
        {
            switch (await leases.TryTakeAsync(key.User, key.OperationId, run.Abandoned))
            {
                case LeaseOutcome.Taken:
                    return await HoldAsync(key, async () => await settle() ?? await answer(waited));
                case LeaseOutcome.Unavailable lost:
                    return new AskOutcome.Failed(Refusals.StoreFailure(lost.Failure));
                default:
                    run.Accept();
                    await Task.Delay(LookAgain, time, run.Abandoned);
                    if (await settle() is { } settled)
                        return settled;
                    break;
            }
        }
    }

    private async Task<AskOutcome> HoldAsync(AskKey key, Func<Task<AskOutcome>> work)
    {
        using var ended = new CancellationTokenSource();
        var renewing = RenewAsync(key, ended.Token);
        try
        {
            return await work();
        }
        finally
        {
            await ended.CancelAsync();
            await renewing;
            await leases.ReleaseAsync(key.User, key.OperationId);
        }
    }

    private async Task RenewAsync(AskKey key, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(leases.Duration / RenewalsPerLease, time, cancellationToken);

                // The work goes on also without the lease: it may be paid for already, and the store keeps one reply.
                if (await leases.TryTakeAsync(key.User, key.OperationId, cancellationToken) is LeaseOutcome.Held)
                    logger.LeaseLost(key.OperationId);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The work has ended.
        }
    }
}
