using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Erasures;

/// <summary>
/// Which erasures the observers of this process were told of, until <see cref="ErasureSweep"/> has seen them in the store; and to other replicas,
/// that they are accounted for. Thread-safe.
/// </summary>
/// <param name="shared">Null where no replica shares the store.</param>
internal sealed class ToldErasures(ISharedErasures? shared, ILogger<ToldErasures> logger)
{
    /// <summary>A look comes every ten seconds; an erasure beyond these is told once more.</summary>
    private const int MaxNoted = 65_536;

    private readonly HashSet<OperationId> _told = [];

    /// <summary>Ids told so far.</summary>
    public IReadOnlySet<OperationId> Snapshot()
    {
        lock (_told)
            return _told.ToHashSet();
    }

    public void Forget(IEnumerable<OperationId> seen)
    {
        lock (_told)
            _told.ExceptWith(seen);
    }

    public async Task NoteAsync(UserId user, OperationId erasure)
    {
        lock (_told)
        {
            if (_told.Count < MaxNoted)
                _told.Add(erasure);
        }

        if (shared is not null && await shared.AccountAsync(user, erasure, CancellationToken.None) is { } failure)
            logger.ErasureNotAccounted(failure.Reason);
    }
}
