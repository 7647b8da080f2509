using System.Text;

namespace Maestra.Backend.Logging;

/// <summary>Keeps what others sent from forging or hiding log lines.</summary>
internal static class LogText
{
    /// <summary>The text without control and bidirectional characters (wire.md §11); line ends become spaces.</summary>
    public static string Clean(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c is '\r' or '\n' or '\t')
                clean.Append(' ');
            else if (!char.IsControl(c) && !IsBidirectional(c))
                clean.Append(c);
        }

        return clean.ToString();
    }

    /// <summary>Marks, embeddings, overrides and isolates (Unicode UAX #9), and the line and paragraph separators.</summary>
    private static bool IsBidirectional(char c) =>
        c is '\u061C' or '\u200E' or '\u200F' or (>= '\u2028' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
