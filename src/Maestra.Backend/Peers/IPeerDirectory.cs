using ConversationHub.Store;

namespace Maestra.Backend.Peers;

/// <summary>The paired backends, those of <c>MAESTRA_PEERS</c> included. Thread-safe; each call sees what other processes changed.</summary>
internal interface IPeerDirectory
{
    /// <summary>Every pairing but the removed ones, by id. Bounded by <see cref="PeerRules.MaxPeers"/>.</summary>
    Task<(IReadOnlyList<Peer>? Peers, StoreFailure? Failure)> ListAsync(CancellationToken cancellationToken);

    /// <summary>Stops all exchange with a peer until an owner takes it up again. Idempotent; an unknown peer changes nothing.</summary>
    /// <param name="reason">For the owner, one sentence without secrets.</param>
    Task<StoreFailure?> SuspendAsync(string backendId, string reason, CancellationToken cancellationToken);

    /// <summary>Remembers when a round with the peer ended well. Exact in this process, kept durably once a minute.</summary>
    Task<StoreFailure?> NoteSyncedAsync(string backendId, DateTimeOffset at, CancellationToken cancellationToken);
}
