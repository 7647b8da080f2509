using ConversationHub.Store;
using Maestra.Backend.Peers;

namespace Maestra.Backend.Sync;

/// <summary>Whose operations go between this backend and a peer.</summary>
internal static class SyncScopes
{
    public static SyncScope Of(Peer peer, SyncSettings settings) =>
        (peer.Scope.User is { } user ? SyncScope.Of([user.ToString()]) : SyncScope.Everybody).And(settings.Scope);
}
