using Maestra.Backend.Audit;
using Maestra.Backend.Peers;

namespace Maestra.Backend.Sync;

/// <summary>What follows when two backends hold different operations under one number: nothing more is exchanged until an owner has looked (wire.md §9.5).</summary>
internal static class SyncConflicts
{
    public static async Task SuspendAsync(IPeerDirectory directory, IAuditTrail audit, Peer peer, string origin, CancellationToken cancellationToken)
    {
        audit.Record(new AuditEvent(AuditEventName.OriginConflict, AuditOutcome.Refused, peer.BackendId, origin));
        await directory.SuspendAsync(
            peer.BackendId, $"Origin {origin} holds different operations under one number on the two sides; run maestra-backend store new-origin on the restored one.",
            cancellationToken);
    }
}
