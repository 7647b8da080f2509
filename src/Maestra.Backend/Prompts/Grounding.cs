using ConversationHub.Store;
using Maestra.Backend.Advisors;

namespace Maestra.Backend.Prompts;

/// <summary>Looks for what the same user said before about a question, in any conversation (wire.md §3, <c>sources</c>).</summary>
internal sealed class Grounding(IConversationStore store)
{
    public const int MaxPassages = 6;
    public const int MaxPassageCharacters = 1500;

    /// <summary>More are fetched than used: some only repeat the question, one another, or what the history holds anyway.</summary>
    private const int PassagesFetched = 24;

    /// <summary>The beginning of a long question says what it is about; the rest is mostly pasted.</summary>
    private const int MaxQueryCharacters = 4000;

    /// <returns>Passages, best first, possibly none; or why the store could not be searched.</returns>
    public async Task<(IReadOnlyList<Passage> Passages, StoreFailure? Failure)> FindAsync(AdvisorPrompt prompt, CancellationToken cancellationToken)
    {
        var query = new SearchQuery
        {
            Text = prompt.Message.Length <= MaxQueryCharacters ? prompt.Message : prompt.Message[..MaxQueryCharacters],
            Owner = prompt.Asker,
            Excluding = prompt.QuestionId,
            QuotedIn = prompt.ConversationId,
            Limit = PassagesFetched,
        };
        return await store.SearchAsync(query, cancellationToken) switch
        {
            SearchOutcome.Ranked ranked => (Choose(ranked.Passages, prompt), null),
            SearchOutcome.Unavailable unavailable => ([], unavailable.Failure),
            var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
        };
    }

    /// <summary>Pure: none that the model sees as history, and each cut around the words of the question.</summary>
    internal static IReadOnlyList<Passage> Choose(IReadOnlyList<Passage> ranked, AdvisorPrompt prompt)
    {
        var seen = new HashSet<string>(
            PromptHistory.Bound(prompt.History, PromptComposer.MaxHistoryMessages, PromptComposer.MaxHistoryCharacters).Select(message => message.Id),
            StringComparer.Ordinal);
        var words = new SearchWords(prompt.Message);
        return
        [
            .. RecallText.Select([.. ranked.Where(passage => !seen.Contains(passage.MessageId.ToString()))], prompt, MaxPassages)
                .Select(passage => passage with { Content = Excerpt.Around(passage.Content, words, MaxPassageCharacters) }),
        ];
    }
}
