using System.Collections.Concurrent;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Peers;

/// <summary>Joins what the settings list with what is kept.</summary>
internal sealed class PeerDirectory(IPeerStore store, BackendSettings settings, ILogger<PeerDirectory> logger) : IPeerDirectory
{
    private static readonly object Done = new();
    private static readonly TimeSpan SyncTimeKeptEvery = TimeSpan.FromMinutes(1);

    /// <summary>At most one entry a peer.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> _syncedAt = new(StringComparer.Ordinal);

    public async Task<(IReadOnlyList<Peer>? Peers, StoreFailure? Failure)> ListAsync(CancellationToken cancellationToken)
    {
        var (all, failure) = await ListAllAsync(cancellationToken);
        return (all?.Where(static peer => peer.State != PeerState.Removed).ToList(), failure);
    }

    /// <summary>The removed ones too: those the settings go on listing.</summary>
    public async Task<(IReadOnlyList<Peer>? Peers, StoreFailure? Failure)> ListAllAsync(CancellationToken cancellationToken)
    {
        var (state, failure) = await store.ReadAsync(cancellationToken);
        if (state is null)
            return (null, failure);
        var peers = new SortedDictionary<string, Peer>(StringComparer.Ordinal);
        foreach (var record in state.Peers)
        {
            if (Peer.TryRead(record, out var peer))
                peers[peer.BackendId] = WithSyncTime(peer);
            else
                logger.PeerUnreadable(record.BackendId);
        }

        foreach (var configured in settings.Peers)
        {
            // What was learned of it stays; key, user and URL are the settings'. One whose changed key was confirmed stands under the new id.
            if (peers.Values.Any(peer => peer.Previous?.BackendId == configured.BackendId))
                continue;
            peers[configured.BackendId] = peers.TryGetValue(configured.BackendId, out var kept)
                ? kept with { Key = configured.Key, Scope = configured.Scope, Url = configured.Url ?? kept.Url, IsConfigured = true }
                : WithSyncTime(configured);
        }

        return ([.. peers.Values], null);
    }

    public Task<StoreFailure?> SuspendAsync(string backendId, string reason, CancellationToken cancellationToken) =>
        UpdateAsync(backendId, peer => peer.State == PeerState.Active ? peer with { State = PeerState.Suspended, Reason = reason } : null, cancellationToken);

    public async Task<StoreFailure?> NoteSyncedAsync(string backendId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        _syncedAt[backendId] = at;
        return await UpdateAsync(
            backendId,

            // One that is yet to come was noted before the clock was set back.
            peer => peer.LastSyncAt is { } kept && (at - kept).Duration() < SyncTimeKeptEvery ? null : peer with { LastSyncAt = at },
            cancellationToken);
    }

    /// <summary>Ends a pairing. A peer that the settings go on listing is kept as removed, so that the settings do not bring it back.</summary>
    public async Task<StoreFailure?> RemoveAsync(Peer peer, CancellationToken cancellationToken)
    {
        if (peer.IsConfigured)
            return await UpdateAsync(peer.BackendId, static present => present with { State = PeerState.Removed, Reason = "removed by its owner" }, cancellationToken);
        var (_, failure) = await store.ChangeAsync<object>(state => (PeerRules.Without(state, peer.BackendId), Done), cancellationToken);
        return failure;
    }

    /// <summary>Takes out what is kept under an id and cannot be read.</summary>
    /// <returns>Whether there was such a thing.</returns>
    public async Task<(bool WasThere, StoreFailure? Failure)> RemoveUnreadableAsync(string backendId, CancellationToken cancellationToken)
    {
        var (wasThere, failure) = await store.ChangeAsync<object>(
            state => PeerRules.Find(state, backendId) is { } record && !Peer.TryRead(record, out _)
                ? (PeerRules.Without(state, backendId), true)
                : (null, false),
            cancellationToken);
        return (wasThere is true, failure);
    }

    /// <summary>Changes what is kept of a peer. An unknown one changes nothing.</summary>
    /// <param name="change">Pure; null changes nothing.</param>
    public async Task<StoreFailure?> UpdateAsync(string backendId, Func<Peer, Peer?> change, CancellationToken cancellationToken)
    {
        // Most calls change nothing, and looking is cheaper than the lock.
        var (seen, failure) = await store.ReadAsync(cancellationToken);
        if (seen is null)
            return failure;
        if (Present(seen, backendId) is not { } before || change(before) is null)
            return null;
        (_, failure) = await store.ChangeAsync<object>(
            state => Present(state, backendId) is { } present && change(present) is { } changed
                ? (PeerRules.With(state, PeerRules.Record(changed)), Done)
                : (null, Done),
            cancellationToken);
        return failure;
    }

    /// <summary>
    /// Remembers what a verified message told beside its body: by which of this backend's ids the peer knows it,
    /// and which key the peer is going to have, once an owner confirms it.
    /// </summary>
    /// <param name="signer">The id under which the peer signed.</param>
    /// <param name="ownId">This backend's id to which the message was addressed.</param>
    /// <param name="announcement">Value of <c>X-Maestra-Successor</c>; null when there was none.</param>
    public async Task<StoreFailure?> LearnAsync(
        Peer peer, string signer, string ownId, string? announcement, DateTimeOffset now, CancellationToken cancellationToken)
    {
        PeerKeyRecord? successor = null;
        if (signer == peer.BackendId && Succession.TryRead(announcement, peer.BackendId, peer.Key, out var key, out var newId))
            successor = new PeerKeyRecord { BackendId = newId, PublicKey = key.Base64, At = now };
        var isNew = successor is not null && successor.BackendId != peer.Successor?.BackendId;
        if (peer.OwnId == ownId && !isNew)
            return null;
        if (isNew)
            logger.PeerKeyAnnounced(peer.BackendId, successor!.BackendId);
        return await UpdateAsync(
            peer.BackendId,
            present => present with { OwnId = ownId, Successor = isNew ? successor : present.Successor },
            cancellationToken);
    }

    private Peer? Present(PeerStateRecord state, string backendId) =>
        PeerRules.Find(state, backendId) is { } record && Peer.TryRead(record, out var kept)
            ? kept
            : settings.Peers.FirstOrDefault(peer => peer.BackendId == backendId);

    private Peer WithSyncTime(Peer peer) =>
        _syncedAt.TryGetValue(peer.BackendId, out var at) && !(peer.LastSyncAt >= at) ? peer with { LastSyncAt = at } : peer;
}
