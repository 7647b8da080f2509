using System.Text;

namespace ConversationHub.Mcp.Texts;

/// <summary>Makes text that others wrote safe to show inside a sentence of ours.</summary>
internal static class DisplayText
{
    /// <summary>Longest name repeated back, in characters.</summary>
    private const int MaxQuotedCharacters = 80;

    /// <summary>
    /// Removes control characters and those that change the direction of writing: with them a name can hide itself
    /// or pretend to be another. Line breaks and tabs become blanks.
    /// </summary>
    internal static string Clean(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return text;

        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsBreak(rune))
                clean.Append(' ');
            else if (!IsUnsafe(rune))
                clean.Append(rune);
        }

        return clean.ToString();
    }

    /// <summary>A name in backquotes, cleaned and cut.</summary>
    internal static string Quote(string name)
    {
        var clean = Clean(name).Replace('`', '\'');
        if (clean.Length > MaxQuotedCharacters)
        {
            var end = char.IsHighSurrogate(clean[MaxQuotedCharacters - 1]) ? MaxQuotedCharacters - 1 : MaxQuotedCharacters;
            clean = string.Concat(clean.AsSpan(0, end), "…");
        }

        return $"`{clean}`";
    }

    private static bool IsBreak(Rune rune) => rune.Value is '\n' or '\r' or '\t' or 0x2028 or 0x2029;

    private static bool IsUnsafe(Rune rune) =>
        Rune.IsControl(rune) || rune.Value is
            0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
}
