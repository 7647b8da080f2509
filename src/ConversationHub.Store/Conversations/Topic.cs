using ConversationHub.Contracts;

namespace ConversationHub.Store.Conversations;

/// <summary>What a conversation is called: its title, else the first 100 characters of its first message (wire.md §10.2).</summary>
internal static class Topic
{
    private const int MaxCharacters = 100;

    public static string Of(string? title, MessageBody? first) => title ?? Cut(first?.Content ?? "");

    private static string Cut(string text)
    {
        var length = 0;
        var characters = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (characters++ == MaxCharacters)
                return text[..length];
            length += rune.Utf16SequenceLength;
        }

        return text;
    }
}
