using ConversationHub.Store;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Sync;

/// <summary>Whose operations go between this backend and a peer. Pure.</summary>
internal static class SyncScopes
{
    public static SyncScope Of(Peer peer, SyncSettings settings) => OfPairing(peer).And(settings.Scope);

    /// <summary>Of others nothing may come; what comes beyond <see cref="Of"/> is merely not wanted here, which the peer cannot know at first.</summary>
    public static SyncScope OfPairing(Peer peer) => peer.Scope.User is { } user ? SyncScope.Of([user.ToString()]) : SyncScope.Everybody;

    /// <summary>What the peer is told of whom this backend takes operations; null where that is everybody of the pairing.</summary>
    public static IReadOnlyList<string>? Told(Peer peer, SyncSettings settings) =>
        settings.Scope.Users is null || OfPairing(peer).Users is { } paired && paired.All(settings.Scope.Covers)
            ? null
            : [.. Of(peer, settings).Users!.Order(StringComparer.Ordinal)];

    /// <summary>What an owner should know who pairs for more than this backend's own settings let through.</summary>
    /// <returns>Null when they let all of it through.</returns>
    public static string? Narrower(PeerScope pairing, SyncSettings settings)
    {
        if (settings.Scope.Users is not { } users || (pairing.User is { } user && users.Contains(user.ToString())))
            return null;
        var named = pairing.User is { } left
            ? $"leaves {left} out: nothing goes between the two until it names this user"
            : $"is set here: of this pairing only {string.Join(", ", users.Order(StringComparer.Ordinal))} goes";
        return $"{SettingNames.SyncUsers} {named}.";
    }

    /// <param name="told">What the peer said of whom it takes operations.</param>
    public static SyncScope Sent(SyncScope scope, IReadOnlyList<string>? told) => told is null ? scope : scope.And(SyncScope.Of(told));

    /// <summary>A batch without what this backend's own settings keep out: it is neither taken nor held against the peer.</summary>
    public static IReadOnlyList<SyncOperation> Wanted(IReadOnlyList<SyncOperation> batch, SyncSettings settings, SyncScope pairing) =>
        settings.Scope.Users is null
            ? batch
            : [.. batch.Where(operation => settings.Scope.Covers(operation.UserId) || !pairing.Covers(operation.UserId))];
}
