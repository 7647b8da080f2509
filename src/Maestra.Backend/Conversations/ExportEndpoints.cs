using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Conversations;

/// <summary><c>GET /conversations/{id}/export</c> and <c>GET /users/{user_id}/export</c> (wire.md §4).</summary>
internal sealed class ExportEndpoints(
    IConversationStore store, IConversationArchive archive, ArchiveObservers observers, UserExport export, BackendSettings settings)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.ConversationExport, ExportConversationAsync);
        routes.MapGet(Routes.UserExport, ExportUserAsync);
    }

    private async Task ExportConversationAsync(HttpContext context)
    {
        if (ConversationOwner.TryRead(context, new QueryFields(context.Request.Query), settings, out var id, out var owner) is { } refused)
        {
            await ReplyWriter.WriteAsync(context, refused);
            return;
        }

        var query = new ReadQuery { Owner = owner, ConversationId = id, Limit = ReadQuery.AllMessages };
        var outcome = await store.ReadAsync(query, context.RequestAborted);
        if (outcome is not ReadOutcome.Found { Conversation: var conversation })
        {
            await ReplyWriter.WriteAsync(context, ReadRefusals.Of(outcome));
            return;
        }

        await observers.TellAsync(new ArchiveAct(
            ArchiveActKind.ConversationExported, UserId.Parse(conversation.Owner), id, null, RequestState.Of(context), conversation.Messages.Count));
        await WriteAsync(context, id, conversation);
    }

    /// <summary>As the file has it: indented, ASCII, with a final newline; message by message, as fast as the receiver takes them.</summary>
    private static async Task WriteAsync(HttpContext context, ConversationId id, ConversationDocument conversation)
    {
        context.Response.ContentType = ReplyWriter.JsonType;
        ReplyWriter.NameAttachment(context.Response, id + ".json");
        var body = context.Response.BodyWriter;
        try
        {
            await JsonSerializer.SerializeAsync(body, StreamedConversation.Of(conversation), MaestraJson.Readable.StreamedConversation, context.RequestAborted);
            await body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
        }
        catch (IOException)
        {
            // The log, or the receiver, is gone in the middle: only by cutting the answer off can it be told.
            context.Abort();
        }
    }

    private async Task ExportUserAsync(HttpContext context)
    {
        if (UserPath.TryRead(context, settings, out var user) is { } refused)
        {
            await ReplyWriter.WriteAsync(context, refused);
            return;
        }

        var conversations = archive.ExportAsync(user, context.RequestAborted).GetAsyncEnumerator(context.RequestAborted);
        await using (conversations)
        {
            // What fails before the first byte is an ordinary status; what fails later can only be told by cutting the answer off.
            var any = await conversations.MoveNextAsync();
            if (any && conversations.Current is ReadOutcome.Unavailable lost)
            {
                await ReplyWriter.WriteAsync(context, Refusals.StoreFailure(lost.Failure));
                return;
            }

            var written = 0;
            var complete = false;
            try
            {
                complete = await export.WriteAsync(context, user, any ? conversations : null, () => written++);
            }
            finally
            {
                await observers.TellAsync(new ArchiveAct(ArchiveActKind.UserExported, user, null, null, RequestState.Of(context), written, complete));
            }

            if (!complete)
                context.Abort();
        }
    }
}
