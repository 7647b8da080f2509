using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Conversations;

/// <summary><c>GET /conversations</c> and <c>GET /conversations/{id}</c> (wire.md §4).</summary>
internal sealed class ConversationEndpoints(IConversationStore store, BackendSettings settings)
{
    private const string AllStatuses = "all";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Conversations, async context => await ReplyWriter.WriteAsync(context, await ListAsync(context)));
        routes.MapGet(Routes.Conversation, async context => await ReplyWriter.WriteAsync(context, await ReadAsync(context)));
    }

    private async Task<HttpReply> ListAsync(HttpContext context)
    {
        var fields = new QueryFields(context.Request.Query);
        var user = fields.User(ConversationOwner.QueryField);
        var status = fields.Choice("status", ConversationStatus.Active, ConversationStatus.Active, ConversationStatus.Closed, AllStatuses);
        var query = new ListQuery
        {
            Owner = null,
            Surface = fields.Surface("surface_id"),
            Status = status == AllStatuses ? null : status,
            Limit = fields.Integer("limit", WireLimits.ListPageDefault, WireLimits.ListPageMax),
            Cursor = fields.Text("cursor", WireLimits.CursorCharacters),
        };
        if (fields.Errors.Count > 0)
            return HttpReply.Invalid(fields.Errors);
        if (ConversationOwner.Resolve(context, user, settings, out var owner) is { } mismatch)
            return mismatch;

        switch (await store.ListAsync(query with { Owner = owner }, context.RequestAborted))
        {
            case ListOutcome.Listed listed:
                return HttpReply.Ok(listed.Page, MaestraJson.Compact.ConversationPage);
            case ListOutcome.BadCursor:
                fields.Add(ValidationErrorType.ValueError, "cursor", "Input should be the next_cursor of an earlier page");
                return HttpReply.Invalid(fields.Errors);
            case ListOutcome.Unavailable unavailable:
                return Refusals.StoreFailure(unavailable.Failure);
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    public async Task<HttpReply> ReadAsync(HttpContext context)
    {
        if (!ConversationId.TryParse(context.Request.RouteValues["id"] as string, out var id))
            return ConversationPath.Refused();
        var fields = new QueryFields(context.Request.Query);
        var user = fields.User(ConversationOwner.QueryField);
        var limit = fields.Integer("limit", WireLimits.MessagePageDefault, WireLimits.MessagePageMax);
        var before = fields.MessageId("before");
        if (fields.Errors.Count > 0)
            return HttpReply.Invalid(fields.Errors);
        if (ConversationOwner.Resolve(context, user, settings, out var owner) is { } mismatch)
            return mismatch;

        var outcome = await store.ReadAsync(
            new ReadQuery { Owner = owner, ConversationId = id, Limit = limit, Before = before }, context.RequestAborted);
        return outcome is ReadOutcome.Found found
            ? HttpReply.Ok(found.Conversation, MaestraJson.Compact.ConversationDocument)
            : ReadRefusals.Of(outcome);
    }
}
