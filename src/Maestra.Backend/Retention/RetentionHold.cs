using ConversationHub.Store;
using Maestra.Backend.Peers;
using Maestra.Backend.Sync;

namespace Maestra.Backend.Retention;

/// <summary>
/// Whose conversations retention leaves alone for now. What looks untouched here may have been gone on with at a peer that has not told it yet, and an
/// erasure would beat that on both sides (docs/decisions/0055). Pure.
/// </summary>
/// <param name="Everybody">Nothing at all is erased.</param>
/// <param name="Users">Whose conversations are not, otherwise.</param>
/// <param name="Missed">Peers that hold it up and have done so for <see cref="MissedAfter"/>: their owner should hear of it.</param>
internal sealed record RetentionHold(bool Everybody, IReadOnlySet<string> Users, IReadOnlyList<Peer> Missed)
{
    /// <summary>A peer that is there is synced with at least this often, even if two rounds fail.</summary>
    public static readonly TimeSpan SyncedWithin = TimeSpan.FromSeconds(3 * SyncSettings.MaxIntervalSeconds);

    /// <summary>A machine that sleeps at night is not worth a line in the log.</summary>
    public static readonly TimeSpan MissedAfter = TimeSpan.FromHours(24);

    /// <param name="peers">All pairings but the removed ones.</param>
    /// <param name="sync">Whose data may be exchanged at all.</param>
    public static RetentionHold Of(IReadOnlyList<Peer> peers, SyncSettings sync, DateTimeOffset now)
    {
        var late = peers.Where(peer => !IsSynced(peer, now)).Select(peer => (Peer: peer, Scope: SyncScopes.Of(peer, sync)))
            .Where(static one => one.Scope.Users is not { Count: 0 }).ToList();
        return new RetentionHold(
            late.Any(static one => one.Scope.Users is null),
            late.SelectMany(static one => one.Scope.Users ?? SyncScope.Of([]).Users!).ToHashSet(StringComparer.Ordinal),
            [.. late.Select(static one => one.Peer).Where(peer => Distance(peer.LastSyncAt ?? peer.RegisteredAt, now) >= MissedAfter)]);
    }

    /// <summary>With one that is suspended nothing is exchanged, whenever that last was.</summary>
    private static bool IsSynced(Peer peer, DateTimeOffset now) =>
        peer.State == PeerState.Active && peer.LastSyncAt is { } at && Distance(at, now) <= SyncedWithin;

    /// <summary>A time that is yet to come was noted by a clock that was set back since: it says nothing about now.</summary>
    private static TimeSpan Distance(DateTimeOffset at, DateTimeOffset now) => (now - at).Duration();
}
