using ConversationHub.Contracts;

namespace Maestra.Backend.Advisors;

/// <summary>Chooses how much of a conversation goes into a prompt. Pure.</summary>
internal static class PromptHistory
{
    /// <summary>
    /// The latest messages within both bounds, oldest first. If two backends answered one question, only the latest of their replies (wire.md §2).
    /// </summary>
    public static IReadOnlyList<ConversationMessage> Bound(IReadOnlyList<ConversationMessage> history, int maxMessages, int maxCharacters)
    {
        var chosen = new List<ConversationMessage>();
        var answered = new HashSet<string>(StringComparer.Ordinal);
        var left = maxCharacters;
        for (var i = history.Count - 1; i >= 0 && chosen.Count < maxMessages; i--)
        {
            var message = history[i];
            if (message.Role == MessageRole.Assistant && message.Meta.OperationId is { } question && !answered.Add(question))
                continue;
            left -= message.Content.Length;
            if (left < 0)
                break;
            chosen.Add(message);
        }

        chosen.Reverse();
        return chosen;
    }
}
