namespace Maestra.Backend.Advisors;

/// <summary>Cuts the telling part out of a long text. Pure.</summary>
internal static class Excerpt
{
    private const string Cut = "…";

    /// <summary>How much is shown before the first word that was looked for: a third leaves more of what follows.</summary>
    private const int LeadDivisor = 3;

    /// <summary>The whole text if it is short enough, else a part around the first of the words, cut between words.</summary>
    public static string Around(string text, SearchWords words, int maxCharacters)
    {
        text = text.Trim();
        if (text.Length <= maxCharacters)
            return text;

        var hit = Math.Max(0, words.FirstIn(text));
        var start = Math.Max(0, Math.Min(hit - (maxCharacters / LeadDivisor), text.Length - maxCharacters));
        if (start > 0)
            start = NextSpace(text, start, hit);
        var end = Math.Min(text.Length, start + maxCharacters);
        if (end < text.Length)
            end = PreviousSpace(text, end, Math.Max(start + 1, end - (maxCharacters / LeadDivisor)));
        return $"{(start > 0 ? Cut : "")}{text[start..end].Trim()}{(end < text.Length ? Cut : "")}";
    }

    private static int NextSpace(string text, int from, int limit)
    {
        for (var i = from; i < limit; i++)
        {
            if (char.IsWhiteSpace(text[i]))
                return i;
        }

        return char.IsLowSurrogate(text[from]) ? from + 1 : from;
    }

    private static int PreviousSpace(string text, int from, int limit)
    {
        for (var i = from; i > limit; i--)
        {
            if (char.IsWhiteSpace(text[i]))
                return i;
        }

        return char.IsLowSurrogate(text[from]) ? from - 1 : from;
    }
}
