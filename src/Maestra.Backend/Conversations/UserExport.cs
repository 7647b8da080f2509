using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Http;

namespace Maestra.Backend.Conversations;

/// <summary>
/// Writes all that is held of a user, message by message, so that memory holds a few at a time however many there are.
/// </summary>
internal sealed class UserExport(IPeerExport peers, TimeProvider time)
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly byte[] Comma = [(byte)','];

    /// <param name="conversations">Stands at the first one; null when there is none.</param>
    /// <param name="onWritten">Called for each conversation.</param>
    /// <returns>False when the store failed in the middle: what was written is then no JSON, and the connection is to be cut.</returns>
    public async Task<bool> WriteAsync(HttpContext context, UserId user, IAsyncEnumerator<ReadOutcome>? conversations, Action onWritten)
    {
        context.Response.ContentType = ReplyWriter.JsonType;
        ReplyWriter.NameAttachment(context.Response, "maestra-export.json");
        var body = context.Response.BodyWriter;
        var stop = context.RequestAborted;
        await using (var head = new Utf8JsonWriter(body, Options))
        {
            head.WriteStartObject();
            head.WriteString("user_id"u8, user.ToString());
            head.WriteString("exported_at"u8, WireTime.Format(time.GetUtcNow()));
            head.WriteStartArray("conversations"u8);
        }

        var unreadable = 0;
        var separator = ReadOnlyMemory<byte>.Empty;
        for (var more = conversations is not null; more; more = await conversations!.MoveNextAsync())
        {
            switch (conversations!.Current)
            {
                case ReadOutcome.Found found:
                    await body.WriteAsync(separator, stop);
                    if (!await TryWriteAsync(body, found.Conversation, stop))
                        return false;
                    separator = Comma;
                    onWritten();
                    break;
                case ReadOutcome.Unavailable:
                    return false;
                default:
                    unreadable++;
                    break;
            }
        }

        return await TryWriteRestAsync(body, user, unreadable, stop);
    }

    /// <summary>Message by message, as fast as the receiver takes them.</summary>
    /// <returns>False when one could not be read any more.</returns>
    private static async Task<bool> TryWriteAsync(PipeWriter body, ConversationDocument conversation, CancellationToken cancellationToken)
    {
        try
        {
            await JsonSerializer.SerializeAsync(body, StreamedConversation.Of(conversation), MaestraJson.Compact.StreamedConversation, cancellationToken);
            return true;
        }
        catch (IOException)
        {
            // Told by the result: the answer is cut off.
            return false;
        }
    }

    /// <summary>From the end of the conversations on.</summary>
    private async Task<bool> TryWriteRestAsync(PipeWriter body, UserId user, int unreadable, CancellationToken cancellationToken)
    {
        await body.WriteAsync("],\"peers\":"u8.ToArray(), cancellationToken);
        await using (var list = new Utf8JsonWriter(body, Options))
        {
            list.WriteStartArray();
            if (!await peers.TryWriteAsync(list, user, cancellationToken))
                return false;
            list.WriteEndArray();
        }

        // Damaged conversations are counted, never left out in silence.
        var end = unreadable == 0 ? "}" : string.Create(CultureInfo.InvariantCulture, $",\"unreadable_conversations\":{unreadable}}}");
        await body.WriteAsync(Encoding.UTF8.GetBytes(end), cancellationToken);
        return true;
    }
}
