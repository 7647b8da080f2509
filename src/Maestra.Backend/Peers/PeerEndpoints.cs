using ConversationHub.Contracts;
using Maestra.Backend.Audit;
using Maestra.Backend.Http;

namespace Maestra.Backend.Peers;

/// <summary><c>GET /peers</c> and <c>DELETE /peers/{id}</c>: for the pairing's user, or an owner of all users (wire.md §9.2).</summary>
internal sealed class PeerEndpoints(PeerDirectory directory, IAuditTrail audit)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Peers, async context => await ReplyWriter.WriteAsync(context, await ListAsync(context)));
        routes.MapDelete(Routes.Peer, RemoveAsync);
    }

    private async Task<HttpReply> ListAsync(HttpContext context)
    {
        var (peers, failure) = await directory.ListAsync(context.RequestAborted);
        if (peers is null)
            return Refusals.StoreFailure(failure!);
        return HttpReply.Ok(new PeerList { Peers = [.. peers.Where(peer => MaySee(context, peer)).Select(Entry)] }, MaestraJson.Compact.PeerList);
    }

    private async Task RemoveAsync(HttpContext context)
    {
        var id = context.Request.RouteValues["id"] as string ?? "";
        var (peers, failure) = await directory.ListAsync(context.RequestAborted);
        if (peers?.FirstOrDefault(peer => peer.BackendId == id) is not { } peer || !MaySee(context, peer))
        {
            await ReplyWriter.WriteAsync(context, peers is null ? Refusals.StoreFailure(failure!) : Refusals.PeerNotFound());
            return;
        }

        if (await directory.RemoveAsync(peer, context.RequestAborted) is { } lost)
        {
            await ReplyWriter.WriteAsync(context, Refusals.StoreFailure(lost));
            return;
        }

        audit.Record(new AuditEvent(AuditEventName.PeerRemoved, AuditOutcome.Ok, AuditEvent.System, peer.BackendId) { RequestId = RequestState.Of(context).RequestId });
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>In local mode there is one owner and no key. A pairing for everybody is seen by owners of all users alone.</summary>
    private static bool MaySee(HttpContext context, Peer peer) =>
        RequestState.Of(context).KeyOwner?.User is not { } user || peer.Scope.User == user;

    public static PeerEntry Entry(Peer peer) => new()
    {
        BackendId = peer.BackendId,
        BackendType = peer.BackendType,
        PublicKey = peer.Key.Pem,
        Capabilities = peer.Capabilities,
        UserId = peer.Scope.ToString(),
        RegisteredAt = peer.RegisteredAt,
        LastSyncAt = peer.LastSyncAt,
        State = PeerStateNames.Of(peer.State),
    };
}
