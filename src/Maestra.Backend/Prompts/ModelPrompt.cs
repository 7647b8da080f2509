using System.Text;

namespace Maestra.Backend.Prompts;

/// <summary>What a language model is given, whatever its API.</summary>
/// <param name="Messages">Oldest first; the first and the last are the user's.</param>
internal sealed record ModelPrompt(string System, IReadOnlyList<PromptMessage> Messages)
{
    /// <summary>Bytes of UTF-8 of all its text.</summary>
    public long Bytes { get; } = Encoding.UTF8.GetByteCount(System) + Messages.Sum(message => (long)Encoding.UTF8.GetByteCount(message.Text));
}

/// <summary>One turn of a conversation.</summary>
internal sealed record PromptMessage(bool IsAssistant, string Text);
