using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Conversations;

namespace Maestra.Backend.Peers;

/// <summary>The pairings that send and take what is the user's, those for everybody included.</summary>
internal sealed class PeerExport(IPeerDirectory directory) : IPeerExport
{
    public async ValueTask<bool> TryWriteAsync(Utf8JsonWriter json, UserId user, CancellationToken cancellationToken)
    {
        var (peers, _) = await directory.ListAsync(cancellationToken);
        if (peers is null)
            return false;
        foreach (var peer in peers.Where(peer => peer.Scope.Covers(user)))
            JsonSerializer.Serialize(json, PeerEndpoints.Entry(peer), MaestraJson.Compact.PeerEntry);
        return true;
    }
}
