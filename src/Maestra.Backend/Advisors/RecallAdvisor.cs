using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Advisors;

/// <summary>
/// Answers without any model: quotes the passages of stored conversations that rank best, or says plainly that there are none (wire.md §2).
/// </summary>
internal sealed class RecallAdvisor(IConversationStore store) : IAdvisor
{
    public const string ProviderName = "offline";
    public const string ModelName = "recall";

    /// <summary>More are fetched than shown, since some only repeat the question or one another.</summary>
    private const int PassagesFetched = 24;

    private const int FollowUpQuestions = 2;
    private const int EarlierCharacters = 2000;

    public string Provider => ProviderName;

    public bool AnswersAtOnce => true;

    /// <summary>Enough for the questions that a follow-up refers to.</summary>
    public int HistoryMessages => 40;

    public async Task<AdvisorOutcome> AskAsync(AdvisorPrompt prompt, Action<string>? onText, CancellationToken cancellationToken)
    {
        var found = await SearchAsync(prompt, prompt.Message, cancellationToken);
        if (found is SearchOutcome.Ranked { Passages: var direct } && RecallText.Select(direct, prompt).Count == 0 && EarlierQuestions(prompt) is { } earlier)
        {
            // A question such as "and why?" has no words of its own to search for: what was asked before it has.
            found = await SearchAsync(prompt, $"{prompt.Message}\n{earlier}", cancellationToken);
        }

        switch (found)
        {
            case SearchOutcome.Ranked ranked:
                var passages = RecallText.Select(ranked.Passages, prompt);
                return new AdvisorOutcome.Answered(
                    RecallText.Compose(passages, prompt), ProviderName, ModelName, Tokens: 0, CostUsd: 0, RecallText.Sources(passages, prompt));
            case SearchOutcome.Unavailable unavailable:
                return new AdvisorOutcome.Failed(AdvisorFailure.Store, unavailable.Failure.Reason);
            default:
                throw new InvalidOperationException($"Unknown outcome {found.GetType().Name}.");
        }
    }

    private Task<SearchOutcome> SearchAsync(AdvisorPrompt prompt, string text, CancellationToken cancellationToken) => store.SearchAsync(
        new SearchQuery { Text = text, Owner = prompt.Asker, Excluding = prompt.QuestionId, QuotedIn = prompt.ConversationId, Limit = PassagesFetched },
        cancellationToken);

    private static string? EarlierQuestions(AdvisorPrompt prompt)
    {
        var questions = prompt.History.Where(message => message.Role == MessageRole.User).TakeLast(FollowUpQuestions).Select(message => message.Content).ToArray();
        if (questions.Length == 0)
            return null;
        var joined = string.Join('\n', questions);
        return joined.Length <= EarlierCharacters ? joined : joined[^EarlierCharacters..];
    }
}
