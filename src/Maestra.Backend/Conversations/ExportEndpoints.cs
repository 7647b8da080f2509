using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Conversations;

/// <summary><c>GET /conversations/{id}/export</c> and <c>GET /users/{user_id}/export</c> (wire.md §4).</summary>
internal sealed class ExportEndpoints(
    IConversationStore store, IConversationArchive archive, IEnumerable<IArchiveObserver> observers, UserExport export, BackendSettings settings)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.ConversationExport, async context => await ReplyWriter.WriteAsync(context, await ExportConversationAsync(context)));
        routes.MapGet(Routes.UserExport, ExportUserAsync);
    }

    private async Task<HttpReply> ExportConversationAsync(HttpContext context)
    {
        if (ConversationOwner.TryRead(context, new QueryFields(context.Request.Query), settings, out var id, out var owner) is { } refused)
            return refused;
        var query = new ReadQuery { Owner = owner, ConversationId = id, Limit = ReadQuery.AllMessages };
        var outcome = await store.ReadAsync(query, context.RequestAborted);
        if (outcome is not ReadOutcome.Found { Conversation: var conversation })
            return ReadRefusals.Of(outcome);
        await TellAsync(new ArchiveAct(
            ArchiveActKind.ConversationExported, UserId.Parse(conversation.Owner), id, null, RequestState.Of(context), conversation.Messages.Count));

        // As the file has it: indented, ASCII, with a final newline.
        return new HttpReply.Attachment(
            id + ".json", [.. JsonSerializer.SerializeToUtf8Bytes(conversation, MaestraJson.Readable.ConversationDocument), (byte)'\n']);
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
                await TellAsync(new ArchiveAct(ArchiveActKind.UserExported, user, null, null, RequestState.Of(context), written, complete));
            }

            if (!complete)
                context.Abort();
        }
    }

    private async Task TellAsync(ArchiveAct act)
    {
        foreach (var observer in observers)
            await observer.ObserveAsync(act, CancellationToken.None);
    }
}
