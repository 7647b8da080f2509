namespace ConversationHub.Store;

/// <summary>
/// What two backends exchange of their stores (design.md §6, wire.md §9.4). The same object as the <see cref="IConversationStore"/> beside it,
/// under the same rules: thread-safe, outcomes for what goes wrong, and cancelling a write stops only the waiting.
/// </summary>
public interface ISyncStore
{
    /// <summary>Wakes who waits for the next commit of this process.</summary>
    CommitSignal Commits { get; }

    /// <summary>Operations held back because their clock is ahead (<c>maestra_sync_quarantined</c>), as last known.</summary>
    int Quarantined { get; }

    /// <summary>For each origin in the scope the highest n such that operations 1…n are held durably. Origins of which nothing is in turn are left out.</summary>
    Task<(IReadOnlyDictionary<string, long>? Have, StoreFailure? Failure)> ReadVectorAsync(SyncScope scope, CancellationToken cancellationToken);

    /// <summary>
    /// What a peer with that vector lacks: erasures first, then each stream in sequence without a gap, up to <see cref="SyncLimits"/>, at least one.
    /// Erased text is never among it, nor anything of a conversation that is kept on this backend.
    /// </summary>
    Task<(SyncBatch? Batch, StoreFailure? Failure)> ReadMissingAsync(
        SyncScope scope, IReadOnlyDictionary<string, long> have, CancellationToken cancellationToken);

    /// <summary>Takes a peer's batch whole or not at all; what it brings is durable before it counts as held. Idempotent.</summary>
    Task<SyncApplyOutcome> ApplyAsync(SyncScope scope, IReadOnlyList<SyncOperation> batch, CancellationToken cancellationToken);

    /// <summary>
    /// Looks whether a peer holds more of this store's own streams than the store itself: then it was restored from a backup,
    /// and everything from here on goes to new origins (wire.md §9.5).
    /// </summary>
    /// <returns>True when new origins were taken.</returns>
    Task<(bool TookNew, StoreFailure? Failure)> NoticeAsync(IReadOnlyDictionary<string, long> peerHave, CancellationToken cancellationToken);

    /// <summary>Everything from here on goes to new origins.</summary>
    /// <param name="why">For the log.</param>
    Task<StoreFailure?> TakeNewOriginsAsync(string why, CancellationToken cancellationToken);

    /// <summary>
    /// Issues again, in a stream without holes, what stands beyond a hole in one of this store's own streams: no peer could ever get it there
    /// (decision 46). To be called after a peer had its chance to fill the hole. Idempotent.
    /// </summary>
    /// <returns>How many operations were issued again.</returns>
    Task<(int Count, StoreFailure? Failure)> ReissueAsync(CancellationToken cancellationToken);

    /// <summary>Lets operations take effect whose time has come.</summary>
    Task<StoreFailure?> ReleaseDueAsync(CancellationToken cancellationToken);
}
