using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>
/// A <see cref="ConversationDocument"/> on its way out, byte for byte the same JSON: whoever writes it awaits each message, so that no thread waits
/// while one is read from a database.
/// </summary>
public sealed record StreamedConversation : ConversationFrame
{
    [SetsRequiredMembers]
    private StreamedConversation(ConversationDocument document)
        : base(document) =>
        Messages = document.Messages as IAsyncEnumerable<ConversationMessage> ?? document.Messages.ToAsyncEnumerable();

    [JsonPropertyName("messages")]
    public IAsyncEnumerable<ConversationMessage> Messages { get; }

    /// <summary>The same conversation; messages that can be awaited are.</summary>
    public static StreamedConversation Of(ConversationDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return new StreamedConversation(document);
    }
}
