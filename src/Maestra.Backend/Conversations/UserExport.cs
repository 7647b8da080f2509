using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;

namespace Maestra.Backend.Conversations;

/// <summary>
/// Writes all that is held of a user, one conversation after another, so that memory holds one at a time however many there are.
/// </summary>
internal sealed class UserExport(IPeerExport peers, TimeProvider time)
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <param name="conversations">Stands at the first one; null when there is none.</param>
    /// <param name="onWritten">Called for each conversation.</param>
    /// <returns>False when the store failed in the middle: what was written is then no JSON, and the connection is to be cut.</returns>
    public async Task<bool> WriteAsync(HttpContext context, UserId user, IAsyncEnumerator<ReadOutcome>? conversations, Action onWritten)
    {
        context.Response.ContentType = ReplyWriter.JsonType;
        ReplyWriter.NameAttachment(context.Response, "maestra-export.json");
        var body = context.Response.BodyWriter;
        await using var json = new Utf8JsonWriter(body, Options);
        json.WriteStartObject();
        json.WriteString("user_id"u8, user.ToString());
        json.WriteString("exported_at"u8, WireTime.Format(time.GetUtcNow()));
        json.WriteStartArray("conversations"u8);
        var unreadable = 0;
        for (var more = conversations is not null; more; more = await conversations!.MoveNextAsync())
        {
            switch (conversations!.Current)
            {
                case ReadOutcome.Found found:
                    JsonSerializer.Serialize(json, found.Conversation, MaestraJson.Compact.ConversationDocument);
                    onWritten();
                    break;
                case ReadOutcome.Unavailable:
                    return false;
                default:
                    unreadable++;
                    break;
            }

            // Waits until the receiver has taken enough, so that a slow one does not fill the memory.
            json.Flush();
            await body.FlushAsync(context.RequestAborted);
        }

        json.WriteEndArray();
        json.WriteStartArray("peers"u8);
        if (!await peers.TryWriteAsync(json, user, context.RequestAborted))
            return false;
        json.WriteEndArray();

        // Damaged conversations are counted, never left out in silence.
        if (unreadable > 0)
            json.WriteNumber("unreadable_conversations"u8, unreadable);
        json.WriteEndObject();
        json.Flush();
        await body.FlushAsync(context.RequestAborted);
        return true;
    }
}
