using ConversationHub.Store.Clock;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Sync;

/// <summary>
/// Operations of other backends whose clock is ahead of this one's (wire.md §9.5): held, counted and sent on, but not shown, not ordered
/// and not taken over as own time, until time catches up. The erasure of a conversation is never held back.
/// What this backend wrote itself is not either: it was acknowledged here, whatever the clock said. Changed under the gate of the store.
/// </summary>
/// <param name="isOwn">Whether an origin is one of this backend's.</param>
internal sealed class Quarantine(Func<string, bool> isOwn, TimeProvider? time)
{
    /// <summary>How far a clock may be ahead.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    /// <summary>Holds nothing back.</summary>
    public static readonly Quarantine Open = new(static _ => true, null);

    private readonly PriorityQueue<int, ulong> _waiting = new();

    public int Count => _waiting.Count;

    /// <summary>Numbers of what waits, in no order.</summary>
    public IEnumerable<int> Numbers => _waiting.UnorderedItems.Select(static one => one.Element);

    /// <summary>The latest clock that takes effect now.</summary>
    public HybridTimestamp Limit => Latest(time!.GetUtcNow());

    public static HybridTimestamp Latest(DateTimeOffset now) => HybridTimestamp.Create((now + Ahead).ToUnixTimeMilliseconds(), ushort.MaxValue);

    public bool IsAhead(StoredOperation operation, OperationContent content) =>
        time is not null && operation.Hlc > Limit && !isOwn(operation.Origin)
        && !(content is OperationContent.Erase && operation.ConversationId is not null);

    /// <summary>
    /// Whether an operation's clock becomes own time. The erasure of a conversation is not held back whatever its clock, and must not carry
    /// all that is written after it into the future (wire.md §9.5, "not adopted"). One written here is in no need of it: no clock decides over it.
    /// </summary>
    public bool TakesClock(StoredOperation operation, OperationContent content) =>
        time is null || operation.Hlc <= Limit || content is not OperationContent.Erase || operation.ConversationId is null;

    public void Add(int number, HybridTimestamp hlc) => _waiting.Enqueue(number, hlc.Value);

    /// <summary>True when something waits whose time has come.</summary>
    public bool IsDue => _waiting.TryPeek(out _, out var earliest) && earliest <= Limit.Value;

    /// <summary>Takes out everything whose time has come.</summary>
    public IReadOnlyList<int> TakeDue()
    {
        var due = new List<int>();
        while (IsDue)
            due.Add(_waiting.Dequeue());
        return due;
    }

    /// <summary>After a start from a snapshot: takes up what is marked as held back.</summary>
    public void Rebuild(OperationTable operations)
    {
        _waiting.Clear();
        for (var number = 0; number < operations.Count; number++)
        {
            if ((operations[number].Flags & EntryFlags.Quarantined) != 0)
                Add(number, operations[number].Hlc);
        }
    }
}
