using System.Collections.Frozen;
using ConversationHub.Contracts;

namespace ConversationHub.Store.Search;

/// <summary>Which words count, in a message and in a query.</summary>
internal static class SearchPolicy
{
    /// <summary>Of a long query only so many terms are looked up.</summary>
    public const int MaxQueryTerms = 32;

    private const string OfflineProvider = "offline";

    /// <summary>Words that say how a question is asked and not what about: with few messages stored, their rarity would be an accident.</summary>
    private static readonly FrozenSet<string> QuestionWords = new[]
    {
        "a", "about", "again", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does",
        "for", "from", "had", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "just", "last", "me", "my", "no", "not", "of",
        "on", "or", "our", "please", "s", "say", "said", "should", "so", "some", "t", "tell", "than", "that", "the", "their", "them", "then",
        "there", "these", "they", "this", "those", "to", "up", "us", "was", "we", "were", "what", "when", "where", "which", "who", "why",
        "will", "with", "would", "you", "your",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Terms of a message; none for a reply of the recall advisor, which only quotes messages that are found themselves.</summary>
    public static TermCounts TermsOf(MessageBody message) =>
        message.Meta.Provider == OfflineProvider ? TermCounts.Empty : TermCounts.Of(message.Content);

    /// <summary>Terms of a query: the words it is about, or all it has when it has no others.</summary>
    public static IReadOnlyList<string> QueryTerms(string text)
    {
        var all = TermCounts.Of(text).Counts.Keys.ToArray();
        var about = Array.FindAll(all, static term => !QuestionWords.Contains(term));
        return (about.Length > 0 ? about : all).Take(MaxQueryTerms).ToArray();
    }
}
