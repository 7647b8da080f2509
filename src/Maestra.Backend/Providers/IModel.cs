using Maestra.Backend.Prompts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Providers;

/// <summary>One language model behind one endpoint. Thread-safe; keeps nothing between calls.</summary>
internal interface IModel
{
    ProviderSettings Settings { get; }

    /// <summary>One call, never repeated: whether to try again, and where, is decided in one place above (<see cref="ModelAdvisor"/>).</summary>
    /// <param name="onText">Where somebody watches: takes the text piece by piece as it comes. Never blocks.</param>
    /// <param name="cancellationToken">The call is cut within 100 ms of it.</param>
    /// <returns><see cref="ModelOutcome.Answered"/> or <see cref="ModelOutcome.Failed"/>.</returns>
    Task<ModelOutcome> AskAsync(ModelPrompt prompt, Action<string>? onText, CancellationToken cancellationToken);
}
