using System.Text;

namespace ConversationHub.Mcp.Results;

/// <summary>Keeps a result below what clients accept: Claude Code refuses more than 25,000 tokens (mcp.md §2).</summary>
internal static class OutputCap
{
    /// <summary>Bound of the text and of the structured form, each, in bytes of UTF-8.</summary>
    internal const int MaxBytes = 80_000;

    /// <summary>Bound of each member that a backend sends beside the answer, in bytes.</summary>
    internal const int MaxExtraBytes = 8_000;

    /// <summary>
    /// The longest beginning of <paramref name="text"/> that takes at most <paramref name="maxBytes"/>, cut between
    /// two characters.
    /// </summary>
    /// <param name="asJson">Count what a character takes inside a JSON string.</param>
    internal static string Beginning(string text, int maxBytes, bool asJson)
    {
        if (text.Length <= maxBytes / MaxBytesPerUnit)
            return text;

        var bytes = 0;
        var end = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += asJson ? JsonBytes(rune) : rune.Utf8SequenceLength;
            if (bytes > maxBytes)
                return text[..end];
            end += rune.Utf16SequenceLength;
        }

        return text;
    }

    /// <summary>One UTF-16 unit takes at most this: <c>\u001f</c>.</summary>
    private const int MaxBytesPerUnit = 6;

    private static int JsonBytes(Rune rune) => rune.Value switch
    {
        '"' or '\\' or '\n' or '\r' or '\t' or '\b' or '\f' => 2,
        < ' ' => MaxBytesPerUnit,
        _ => rune.Utf8SequenceLength,
    };
}
