using System.Globalization;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Advisors;

/// <summary>Chooses the passages worth quoting and puts them into words. Pure.</summary>
internal static class RecallText
{
    public const int MaxPassages = 3;
    public const int MaxExcerptCharacters = 360;

    /// <summary>A passage that ranks below this part of the best one is chance.</summary>
    private const double MinRelativeScore = 0.3;

    private const string Found = "From your stored conversations, best match first:";
    private const string FoundEnd = "These are quotes; no language model was asked.";
    private const string NothingFound = "I found nothing about this in your stored conversations.";
    private const string NothingFoundEnd = "No language model is configured here, so I can only quote what was said before.";

    /// <summary>Best first: none that only repeats the question, another passage, or an earlier recall.</summary>
    public static IReadOnlyList<Passage> Select(IReadOnlyList<Passage> ranked, AdvisorPrompt prompt, int maxPassages = MaxPassages)
    {
        var asked = new SearchWords(prompt.Message + "\n" + string.Join('\n', EarlierQuestions(prompt)));
        var seen = new HashSet<string>(EarlierQuestions(prompt).Append(prompt.Message).Select(Normalise), StringComparer.Ordinal);
        var chosen = new List<Passage>();
        foreach (var passage in ranked)
        {
            if (chosen.Count == maxPassages || passage.Score < MinRelativeScore * ranked[0].Score)
                break;
            if (!IsRecall(passage) && asked.AreSharedBy(passage.Content) && seen.Add(Normalise(passage.Content)))
                chosen.Add(passage);
        }

        return chosen;
    }

    public static string Compose(IReadOnlyList<Passage> passages, AdvisorPrompt prompt)
    {
        if (passages.Count == 0)
            return $"{NothingFound} {NothingFoundEnd}\n\nYour message is kept in conversation {prompt.ConversationId} and can be recalled later.";

        var words = new SearchWords(prompt.Message);
        var text = new StringBuilder(Found);
        for (var i = 0; i < passages.Count; i++)
        {
            var passage = passages[i];
            text.Append(CultureInfo.InvariantCulture, $"\n\n{i + 1}. {Introduce(passage, prompt)}");
            foreach (var line in Excerpt.Around(passage.Content, words, MaxExcerptCharacters).Split('\n'))
                text.Append("\n   > ").Append(line.TrimEnd());
        }

        return text.Append("\n\n").Append(FoundEnd).ToString();
    }

    public static IReadOnlyList<ReplySource> Sources(IReadOnlyList<Passage> passages, AdvisorPrompt prompt)
    {
        var words = new SearchWords(prompt.Message);
        return
        [
            .. passages.Select(passage => new ReplySource
            {
                Title = $"{passage.ConversationId}, {passage.Surface}, {Day(passage)}",
                Type = "conversation",
                Confidence = Math.Round(Math.Clamp(passage.Score / passages[0].Score, 0, 1), 2),
                Excerpt = Excerpt.Around(passage.Content, words, MaxExcerptCharacters),
            }),
        ];
    }

    private static string Introduce(Passage passage, AdvisorPrompt prompt)
    {
        var who = passage.Role == MessageRole.User ? "You wrote" : "Maestra answered";
        var where = passage.ConversationId == prompt.ConversationId ? "earlier in this conversation" : "in conversation";
        return $"{who} {where} {passage.ConversationId} ({passage.Surface}, {Day(passage)}):";
    }

    private static string Day(Passage passage) => passage.Timestamp.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>A reply of this advisor holds the words of what it quotes; quoting it again would quote quotes.</summary>
    private static bool IsRecall(Passage passage) =>
        passage.Role == MessageRole.Assistant
        && (passage.Content.StartsWith(Found, StringComparison.Ordinal) || passage.Content.StartsWith(NothingFound, StringComparison.Ordinal));

    private static IEnumerable<string> EarlierQuestions(AdvisorPrompt prompt) =>
        prompt.History.Where(message => message.Role == MessageRole.User && message.Content.TrimEnd().EndsWith('?')).Select(message => message.Content);

    /// <summary>Letters and digits in lower case, so that punctuation and spacing make no difference.</summary>
    private static string Normalise(string text)
    {
        var normal = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c))
                normal.Append(char.ToLowerInvariant(c));
        }

        return normal.ToString();
    }
}
