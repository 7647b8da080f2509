using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Conversations;
using Maestra.Backend.Http;
using Maestra.Backend.Peers;

namespace Maestra.Backend.Sync;

/// <summary>Tells the observers of the archive of erasures that came from a peer, as those asked for here are told: what lies outside the store goes too.</summary>
internal sealed class SyncErasures(ArchiveObservers observers, IdSource ids, TimeProvider time)
{
    /// <param name="taken">A batch that is durable; erasures in it that were held before are told again.</param>
    public async Task TellAsync(Peer peer, IReadOnlyList<SyncOperation> taken)
    {
        if (taken.All(static one => one.Erase is null))
            return;
        var request = new RequestState { RequestId = ids.NewRequestId(), StartedAt = time.GetTimestamp() };
        foreach (var one in taken.Where(static one => one.Erase is not null))
        {
            var act = new ArchiveAct(
                one.ConversationId is null ? ArchiveActKind.UserErased : ArchiveActKind.ConversationErased,
                UserId.Parse(one.UserId),
                one.ConversationId is { } id ? ConversationId.Parse(id) : null,
                new OperationId(one.Id),
                request,
                ArchiveAct.NotCounted)
            {
                Peer = peer.BackendId,
            };
            await observers.TellAsync(act);
        }
    }
}
