using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Conversations;

/// <summary><c>DELETE /conversations/{id}</c> and <c>DELETE /users/{user_id}</c> (wire.md §4).</summary>
internal sealed class EraseEndpoints(IConversationArchive archive, ArchiveObservers observers, BackendSettings settings)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapDelete(Routes.Conversation, async context => await ReplyWriter.WriteAsync(context, await EraseConversationAsync(context)));
        routes.MapDelete(Routes.User, async context => await ReplyWriter.WriteAsync(context, await EraseUserAsync(context)));
    }

    private async Task<HttpReply> EraseConversationAsync(HttpContext context)
    {
        if (ConversationOwner.TryRead(context, new QueryFields(context.Request.Query), settings, out var id, out var owner) is { } refused)
            return refused;

        // Not bound to the connection: an erasure that was asked for is carried through, and so is what belongs to it.
        switch (await archive.EraseConversationAsync(owner, id, CancellationToken.None))
        {
            case EraseOutcome.Erased erased:
                await observers.TellAsync(new ArchiveAct(
                    ArchiveActKind.ConversationErased, erased.Owner, id, erased.OperationId, RequestState.Of(context), erased.MessagesErased));
                return HttpReply.Ok(
                    new EraseReceipt
                    {
                        ConversationId = id.ToString(),
                        OperationId = erased.OperationId.ToString(),
                        MessagesErased = erased.MessagesErased,
                    },
                    MaestraJson.Compact.EraseReceipt);
            case EraseOutcome.NotFound:
                return Refusals.ConversationNotFound();
            case EraseOutcome.Ambiguous:
                return Refusals.AmbiguousConversation();
            case EraseOutcome.NotCommitted lost:
                return Refusals.StoreFailure(lost.Failure);
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private async Task<HttpReply> EraseUserAsync(HttpContext context)
    {
        if (UserPath.TryRead(context, settings, out var user) is { } refused)
            return refused;
        switch (await archive.EraseUserAsync(user, CancellationToken.None))
        {
            case EraseUserOutcome.Erased erased:
                await observers.TellAsync(new ArchiveAct(
                    ArchiveActKind.UserErased, user, null, erased.OperationId, RequestState.Of(context), erased.ConversationsErased));
                return HttpReply.Ok(
                    new UserEraseReceipt
                    {
                        UserId = user.ToString(),
                        OperationId = erased.OperationId.ToString(),
                        ConversationsErased = erased.ConversationsErased,
                    },
                    MaestraJson.Compact.UserEraseReceipt);
            case EraseUserOutcome.NotCommitted lost:
                return Refusals.StoreFailure(lost.Failure);
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }
}
