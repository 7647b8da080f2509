using ConversationHub.Contracts;

namespace Maestra.Backend.Erasures;

/// <summary>Which erasures the observers of this process were told of, until <see cref="ErasureSweep"/> has seen them in the store. Thread-safe.</summary>
internal sealed class ToldErasures
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

    public void Note(OperationId erasure)
    {
        lock (_told)
        {
            if (_told.Count < MaxNoted)
                _told.Add(erasure);
        }
    }
}
