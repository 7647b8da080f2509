namespace Maestra.Backend.Advisors;

/// <summary>Answers with a fixed text and calls nothing (<c>TEST_MODE</c>, wire.md §2).</summary>
internal sealed class TestAdvisor : IAdvisor
{
    public const string Reply = "Maestra test reply.";
    private const string Name = "test";

    public string Provider => Name;

    public bool AnswersAtOnce => true;

    public int HistoryMessages => 0;

    public Task<AdvisorOutcome> AskAsync(AdvisorPrompt prompt, Action<string>? onText, CancellationToken cancellationToken) =>
        Task.FromResult<AdvisorOutcome>(new AdvisorOutcome.Answered(Reply, Name, Name, Tokens: 0, CostUsd: 0, Sources: []));
}
