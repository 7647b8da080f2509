using ConversationHub.Contracts;

namespace Maestra.Backend.Peers;

/// <summary>How the kept state changes: functions of state and time, the same for both kinds of store.</summary>
internal static class PeerRules
{
    public const int MaxPeers = 256;

    /// <summary>So many acts wait for a backend to account for them; then the oldest make room.</summary>
    public const int MaxActs = 1024;

    public static readonly PeerStateRecord Empty = new() { Peers = [], Invites = [], Sbts = [] };

    /// <summary>Stands for what is kept under an id and cannot be read: <see cref="Peer.TryRead"/> refuses it.</summary>
    public static PeerRecord Unreadable(string backendId) => new()
    {
        BackendId = backendId,
        PublicKey = "",
        Capabilities = [],
        UserId = "",
        RegisteredAt = DateTimeOffset.UnixEpoch,
        State = PeerStateNames.Suspended,
    };

    /// <summary>Whether a text gave all that the type promises: JSON may say null where it says nothing.</summary>
    public static bool IsWhole(PeerStateRecord state) =>
        state is { Peers: not null, Invites: not null, Sbts: not null }
        && state.Peers.All(static peer => peer is { BackendId: not null })
        && state.Invites.All(static invite => invite is { Secret: not null, UserId: not null })
        && state.Sbts.All(static sbt => sbt is { SbtId: not null })
        && Acts(state).All(static act => act is { Id: not null, Event: not null, Subject: not null, Command: not null });

    public static PeerRecord? Find(PeerStateRecord state, string backendId) => state.Peers.FirstOrDefault(peer => peer.BackendId == backendId);

    /// <summary>The state with a peer put in the place of the one with the same id, or added.</summary>
    public static PeerStateRecord With(PeerStateRecord state, PeerRecord peer) =>
        state with { Peers = [.. state.Peers.Where(other => other.BackendId != peer.BackendId), peer] };

    public static PeerStateRecord Without(PeerStateRecord state, string backendId) =>
        state with { Peers = [.. state.Peers.Where(other => other.BackendId != backendId)] };

    public static IReadOnlyList<OwnerActRecord> Acts(PeerStateRecord state) => state.Acts ?? [];

    /// <summary>The state with one more act of an owner.</summary>
    public static PeerStateRecord Noted(PeerStateRecord state, OwnerActRecord act) =>
        state with { Acts = [.. Acts(state).TakeLast(MaxActs - 1), act] };

    /// <summary>The state without what its time has passed.</summary>
    public static PeerStateRecord Prune(PeerStateRecord state, DateTimeOffset now) => state with
    {
        Invites = [.. state.Invites.Where(invite => now < invite.ExpiresAt)],
        Sbts = [.. state.Sbts.Where(sbt => now < sbt.KeptUntil)],
    };

    /// <summary>A peer of the settings as it is kept once something is to be remembered of it.</summary>
    public static PeerRecord Record(Peer peer) => new()
    {
        BackendId = peer.BackendId,
        PublicKey = peer.Key.Base64,
        Capabilities = peer.Capabilities,
        UserId = peer.Scope.ToString(),
        Url = peer.Url?.OriginalString,
        RegisteredAt = peer.RegisteredAt,
        LastSyncAt = peer.LastSyncAt,
        State = PeerStateNames.Of(peer.State),
        Reason = peer.Reason,
        OwnId = peer.OwnId,
        Successor = peer.Successor,
        Previous = peer.Previous,
    };
}
