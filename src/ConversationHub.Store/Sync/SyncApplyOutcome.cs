namespace ConversationHub.Store;

/// <summary>What became of a peer's batch.</summary>
public abstract record SyncApplyOutcome
{
    private SyncApplyOutcome()
    {
    }

    /// <summary>Durable, or held before.</summary>
    public sealed record Applied(SyncCounts Counts) : SyncApplyOutcome;

    /// <summary>Nothing was taken: an operation is none (422).</summary>
    /// <param name="Why">Names what is wrong, without its content.</param>
    public sealed record Invalid(string Why) : SyncApplyOutcome;

    /// <summary>Nothing was taken: an operation is of a user who is not in the scope (403 <c>scope_violation</c>).</summary>
    public sealed record OutOfScope : SyncApplyOutcome;

    /// <summary>Nothing was taken: another operation is held under one of the sequence numbers (409 <c>origin_conflict</c>).</summary>
    public sealed record Conflict(string Origin) : SyncApplyOutcome;

    public sealed record NotCommitted(StoreFailure Failure) : SyncApplyOutcome;
}

/// <summary>The five counters of wire.md §9.4.</summary>
/// <param name="Received">Conversations in the batch.</param>
/// <param name="Merged">Of them those that are new here.</param>
/// <param name="Updated">Of them those that were here and got something.</param>
/// <param name="Skipped">Of them those with nothing new.</param>
/// <param name="Operations">Operations that were not held before, erasures included.</param>
public sealed record SyncCounts(int Received, int Merged, int Updated, int Skipped, int Operations)
{
    public static readonly SyncCounts None = new(0, 0, 0, 0, 0);
}
