using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Asks;
using Maestra.Backend.Http;
using Maestra.Backend.LocalOnly;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Conversations;

/// <summary><c>PATCH /conversations/{id}</c> (wire.md §4): answers with the summary, durable as it says.</summary>
internal sealed class ChangeEndpoint(IConversationArchive archive, LocalOnlyMarks marks, BackendSettings settings, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapPatch(Routes.Conversation, async context => await ReplyWriter.WriteAsync(context, await ChangeAsync(context)));

    private async Task<HttpReply> ChangeAsync(HttpContext context)
    {
        if (ConversationOwner.TryRead(context, new QueryFields(context.Request.Query), settings, out var id, out var owner) is { } refused)
            return refused;
        var body = await RequestBody.ReadAsync(context, time);
        if (body is BodyOutcome.Refused unread)
            return unread.Reply;
        var fields = new FieldReader(((BodyOutcome.Read)body).Root);
        var change = ChangeRequest.Read(fields, owner, id);
        if (fields.Errors.Count > 0)
            return HttpReply.Invalid(fields.Errors);
        switch (await marks.ChangeAsync(change, archive))
        {
            case ChangeOutcome.Changed changed:
                return HttpReply.Ok(changed.Conversation, MaestraJson.Compact.ConversationSummary);
            case ChangeOutcome.NotFound:
                return Refusals.ConversationNotFound();
            case ChangeOutcome.Erased:
                return Refusals.ConversationErased();
            case ChangeOutcome.Ambiguous:
                return Refusals.AmbiguousConversation();
            case ChangeOutcome.NotCommitted lost:
                return Refusals.StoreFailure(lost.Failure);
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }
}
