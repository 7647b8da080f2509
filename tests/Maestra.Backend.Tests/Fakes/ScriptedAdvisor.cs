using Maestra.Backend.Advisors;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>Answers as a test says, and remembers what it was asked.</summary>
internal sealed class ScriptedAdvisor : IAdvisor
{
    private readonly Lock _gate = new();
    private readonly List<AdvisorPrompt> _prompts = [];

    public string Provider => "test";

    public int HistoryMessages => 40;

    /// <summary>What happens on each call; by default an answer at once.</summary>
    public Func<AdvisorPrompt, CancellationToken, Task<AdvisorOutcome>> Script { get; set; } = (_, _) => Task.FromResult(Answer("Scripted."));

    /// <summary>Where the text of the latest question goes as it comes; null when nobody watches.</summary>
    public Action<string>? OnText { get; private set; }

    public IReadOnlyList<AdvisorPrompt> Prompts
    {
        get
        {
            lock (_gate)
                return [.. _prompts];
        }
    }

    public static AdvisorOutcome Answer(string text) => new AdvisorOutcome.Answered(text, "test", "scripted", Tokens: 3, CostUsd: 0.5m, Sources: []);

    public Task<AdvisorOutcome> AskAsync(AdvisorPrompt prompt, Action<string>? onText, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _prompts.Add(prompt);
            OnText = onText;
        }

        return Script(prompt, cancellationToken);
    }
}
