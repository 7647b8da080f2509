using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Conversations;
using Maestra.Backend.Http;
using Maestra.Backend.Peers;
using Maestra.Backend.Sync;

namespace Maestra.Backend.Retention;

/// <summary>
/// Erases conversations that nothing has touched for <c>MAESTRA_RETENTION_DAYS</c>, as their owners would by hand, a bounded number a round (docs/decisions/0012).
/// What peers may have gone on with is left alone until they have been synced with (docs/decisions/0055). Its observers are told of each: audit and
/// metrics lines.
/// </summary>
internal sealed class RetentionRounds(
    IRetentionStore store, ArchiveObservers observers, RetentionDays days, IPeerDirectory directory, SyncSettings sync, IdSource ids,
    TimeProvider time, ILogger<RetentionRounds> logger) : BackgroundService
{
    /// <summary>The rest waits for the next round: erasures rewrite the log.</summary>
    public const int MaxErasedPerRound = 500;

    private static readonly TimeSpan TellHeldEvery = TimeSpan.FromHours(24);

    private long _lastRound = time.GetTimestamp();
    private long? _heldTold;
    private long? _missedTold;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RetentionClock.RoundEvery, time);
        try
        {
            do
                await TryRunAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program stops; what is due is erased after the next start.
        }
    }

    /// <summary>One round, whatever becomes of it: an exception that left <see cref="ExecuteAsync"/> would stop the whole program.</summary>
    private async Task TryRunAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever it is, one round failed; the next one comes in minutes.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            logger.RetentionBroken(bug);
        }
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        var elapsed = time.GetElapsedTime(_lastRound);
        _lastRound = time.GetTimestamp();
        var (clock, failure) = await store.AdvanceAsync(elapsed, stoppingToken);
        if (failure is not null)
        {
            logger.RetentionFailed(failure.Reason);
            return;
        }

        // Another replica does this round.
        if (clock is null)
            return;
        var wall = time.GetUtcNow();
        if (clock.Limit(wall, days.Value) is { } before)
        {
            await EraseAsync(before, stoppingToken);
        }
        else if (wall - clock.Trusted > RetentionClock.HeldBeyond && (_heldTold is not { } told || time.GetElapsedTime(told) >= TellHeldEvery))
        {
            _heldTold = time.GetTimestamp();
            logger.RetentionHeld((long)(wall - clock.Trusted).TotalHours);
        }
    }

    private async Task EraseAsync(DateTimeOffset before, CancellationToken stoppingToken)
    {
        _heldTold = null;
        var (peers, unread) = await directory.ListAsync(stoppingToken);
        if (peers is null)
        {
            logger.RetentionFailed(unread!.Reason);
            return;
        }

        var hold = RetentionHold.Of(peers, sync, time.GetUtcNow());
        TellMissed(hold);
        if (hold.Everybody)
            return;
        var (found, failure) = await store.FindUntouchedAsync(before, MaxErasedPerRound, hold.Users, stoppingToken);
        var erased = 0;
        foreach (var conversation in found ?? [])
        {
            stoppingToken.ThrowIfCancellationRequested();
            switch (await store.EraseUntouchedAsync(conversation, before, CancellationToken.None))
            {
                case EraseOutcome.Erased receipt:
                    erased++;
                    await TellAsync(receipt);
                    break;
                case EraseOutcome.NotCommitted refused:
                    failure = refused.Failure;
                    break;
                default:
                    // Touched or erased since it was found.
                    break;
            }

            if (failure is not null)
                break;
        }

        if (erased > 0)
            logger.RetentionErased(erased, days.Value);
        if (failure is not null)
            logger.RetentionFailed(failure.Reason);
    }

    private void TellMissed(RetentionHold hold)
    {
        if (hold.Missed.Count == 0 || (_missedTold is { } told && time.GetElapsedTime(told) < TellHeldEvery))
            return;
        _missedTold = time.GetTimestamp();
        logger.RetentionWaitsForPeers(
            hold.Everybody ? "nothing" : "nothing that they exchange", string.Join(", ", hold.Missed.Select(static peer => peer.BackendId)));
    }

    private async Task TellAsync(EraseOutcome.Erased receipt)
    {
        var act = new ArchiveAct(
            ArchiveActKind.ConversationErased, receipt.Owner, receipt.ConversationId, receipt.OperationId,
            new RequestState { RequestId = ids.NewRequestId(), StartedAt = time.GetTimestamp() }, receipt.MessagesErased)
        {
            IsRetention = true,
        };
        await observers.TellAsync(act);
    }
}

/// <summary>How long a conversation is kept after it was last touched.</summary>
/// <param name="Value">1–<see cref="Max"/>.</param>
internal sealed record RetentionDays(int Value)
{
    public const int Max = 36_500;
}
