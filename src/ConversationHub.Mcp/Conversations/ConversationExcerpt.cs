using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Results;

namespace ConversationHub.Mcp.Conversations;

/// <summary>
/// The part of a conversation that one resource shows: its newest messages, whole, up to the bound of a result, and
/// always one. What is left out is read under <see cref="Older"/>, so that all of it can be had, piece by piece.
/// </summary>
/// <param name="Document">With the messages that are shown.</param>
/// <param name="Older">Null: the first message is shown.</param>
internal sealed record ConversationExcerpt(ConversationDocument Document, ConversationUri? Older)
{
    /// <summary>Messages asked for at once.</summary>
    internal const int MaxMessages = 200;

    /// <summary>What a message takes beside its text, in bytes.</summary>
    private const int FrameBytes = 512;

    internal static ConversationExcerpt Of(ConversationDocument document, bool asJson)
    {
        var messages = document.Messages;
        var first = messages.Count;
        for (var bytes = 0; first > 0; first--)
        {
            bytes += FrameBytes + Encoding.UTF8.GetByteCount(messages[first - 1].Content);
            if (bytes > OutputCap.MaxBytes && first < messages.Count)
                break;
        }

        var shown = first == 0 ? document : document with { Messages = [.. messages.Skip(first)], Truncated = true };
        var older = shown.Truncated && shown.Messages.Count > 0
            && ConversationId.TryParse(document.Id, out var id)
            && OperationId.TryParse(shown.Messages[0].Id, out var before)
                ? new ConversationUri(id, before, asJson)
                : null;
        return new ConversationExcerpt(shown, older);
    }
}
