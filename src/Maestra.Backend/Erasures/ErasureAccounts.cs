using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Erasures;

/// <summary>
/// Tells other replicas which erasures an audit has accounted for: once a sink has the record, and not while it waits in a queue, since whoever is
/// killed then leaves none. Thread-safe.
/// </summary>
/// <param name="shared">Null where no replica shares the store.</param>
internal sealed class ErasureAccounts(ISharedErasures? shared, ILogger<ErasureAccounts> logger)
{
    private readonly Dictionary<OperationId, Task> _pending = [];

    /// <summary>Whether its record is on its way to the sinks of this process.</summary>
    public bool IsPending(OperationId erasure)
    {
        lock (_pending)
            return _pending.ContainsKey(erasure);
    }

    /// <summary>Ends with those that are pending now.</summary>
    public Task Settled
    {
        get
        {
            lock (_pending)
                return Task.WhenAll([.. _pending.Values]);
        }
    }

    /// <param name="kept">Whether the record was kept. One that was not is made again by whoever finds the erasure unaccounted for.</param>
    public void NoteOnceKept(UserId user, OperationId erasure, Task<bool> kept)
    {
        if (shared is null)
            return;
        lock (_pending)
        {
            // Bounded by the queues of the sinks; one that is told again is noted with the first.
            if (!_pending.ContainsKey(erasure))
                _pending.Add(erasure, NoteAsync(user, erasure, kept));
        }
    }

    public async Task NoteAsync(UserId user, OperationId erasure)
    {
        if (shared is not null && await shared.AccountAsync(user, erasure, CancellationToken.None) is { } failure)
            logger.ErasureNotAccounted(failure.Reason);
    }

    private async Task NoteAsync(UserId user, OperationId erasure, Task<bool> kept)
    {
        // Off the caller's path, which holds the lock.
        await Task.Yield();
        try
        {
            if (await kept)
                await NoteAsync(user, erasure);
        }
        catch (ObjectDisposedException)
        {
            // The record went out as the last thing of a stop, when the store was closed: it is found unaccounted for, and told once more.
        }
#pragma warning disable CA1031 // Nobody awaits this: the erasure is found unaccounted for later.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            logger.ErasureSweepBroken(bug);
        }
        finally
        {
            lock (_pending)
                _pending.Remove(erasure);
        }
    }
}
