using System.Collections.Frozen;

namespace Maestra.Backend.Advisors;

/// <summary>The words of a question that say what it is about, without those that every question has.</summary>
internal sealed class SearchWords
{
    private const int MinStemLetters = 4;
    private const int MaxWords = 256;

    private static readonly FrozenSet<string> Common = new[]
    {
        "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "ask", "asked", "at", "be", "been", "before", "but", "by",
        "can", "could", "did", "do", "does", "doing", "for", "from", "get", "give", "had", "has", "have", "he", "her", "his", "how", "i", "if",
        "in", "into", "is", "it", "its", "just", "know", "last", "let", "like", "me", "more", "my", "no", "not", "now", "of", "on", "or", "our",
        "out", "please", "say", "said", "she", "should", "so", "some", "tell", "than", "that", "the", "their", "them", "then", "there", "these",
        "they", "this", "those", "to", "told", "up", "us", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with",
        "would", "you", "your",
    }.ToFrozenSet(StringComparer.Ordinal);

    private readonly HashSet<string> _words;

    public SearchWords(string text) =>
        _words = [.. Split(text).Select(word => word.Text).Where(word => !Common.Contains(word)).Take(MaxWords)];

    /// <summary>True when the text holds one of the words, in any form of it; also when there are none to look for.</summary>
    public bool AreSharedBy(string text) => _words.Count == 0 || FirstIn(text) >= 0;

    /// <summary>Where the first of the words stands in the text; -1 when none does.</summary>
    public int FirstIn(string text)
    {
        foreach (var (word, position) in Split(text))
        {
            if (_words.Contains(word) || _words.Any(other => HaveOneStem(word, other)))
                return position;
        }

        return -1;
    }

    /// <summary>"deploy", "deployed" and "deployment" are about one thing: the shorter word begins the longer.</summary>
    private static bool HaveOneStem(string left, string right) =>
        Math.Min(left.Length, right.Length) >= MinStemLetters
        && (left.StartsWith(right, StringComparison.Ordinal) || right.StartsWith(left, StringComparison.Ordinal));

    /// <summary>Runs of letters and digits; of scripts without spaces every two letters that stand together, since one alone says too little.</summary>
    private static IEnumerable<(string Text, int Position)> Split(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = EndOfRun(text, start);
            if (end == start)
            {
                start++;
                continue;
            }

            if (!HasNoSpaces(text[start]) || end == start + 1)
                yield return (text[start..end].ToLowerInvariant(), start);
            for (var i = start; HasNoSpaces(text[start]) && i < end - 1; i++)
                yield return (text[i..(i + 2)], i);
            start = end;
        }
    }

    /// <summary>Letters and digits of one kind of script.</summary>
    private static int EndOfRun(string text, int start)
    {
        var end = start;
        while (end < text.Length && char.IsLetterOrDigit(text[end]) && HasNoSpaces(text[end]) == HasNoSpaces(text[start]))
            end++;
        return end;
    }

    /// <summary>Kana and CJK ideographs, as the store's search has it; Korean has spaces.</summary>
    private static bool HasNoSpaces(char letter) => letter is (>= '\u3040' and <= '\u30FF') or (>= '\u3400' and <= '\u9FFF') or (>= '\uF900' and <= '\uFAFF');
}
