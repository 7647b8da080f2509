using System.Text;
using ConversationHub.Contracts;
using OpenAI.Chat;

namespace Maestra.Backend.Providers;

/// <summary>Puts the pieces of a streamed completion together (OpenAI API, <c>stream: true</c>).</summary>
internal sealed class StreamedCompletion
{
    private readonly StringBuilder _text = new();

    public string Text => _text.ToString();

    /// <summary>Null until a piece names it.</summary>
    public string? Model { get; private set; }

    /// <summary>Why the model stopped. Null: it did not say, so the text is no whole one.</summary>
    public ChatFinishReason? FinishReason { get; private set; }

    /// <summary>Null until a piece tells it.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>No reply of this length is ever stored: the rest need not come.</summary>
    public bool IsTooLong => _text.Length > WireLimits.ReplyBytes;

    /// <returns>The text of this piece; empty when it has none.</returns>
    public string Add(StreamingChatCompletionUpdate update)
    {
        var piece = string.Concat(update.ContentUpdate.Where(part => part.Kind == ChatMessageContentPartKind.Text).Select(part => part.Text));
        _text.Append(piece);
        if (!string.IsNullOrEmpty(update.Model))
            Model = update.Model;
        FinishReason = update.FinishReason ?? FinishReason;
        if (update.Usage is { } usage)
            Usage = TokenUsage.Of(usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount);
        return piece;
    }
}
