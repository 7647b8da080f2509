using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Advisors;
using Maestra.Backend.Costs;
using Maestra.Backend.Metrics;
using Maestra.Backend.Prompts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Providers;

/// <summary>Makes the advisor that the settings name, with what it stands on.</summary>
internal static class AdvisorMaker
{
    public static IServiceCollection AddAdvisor(this IServiceCollection services, BackendSettings settings, IAdvisor? given)
    {
        if (given is not null)
            return services.AddSingleton(given);
        return settings.Advisor switch
        {
            AdvisorSettings.Test => services.AddSingleton<IAdvisor>(new TestAdvisor()),
            AdvisorSettings.Offline => services.AddSingleton<IAdvisor, RecallAdvisor>(),
            AdvisorSettings.Models models => services.AddSingleton<IAdvisor>(provider => Models(models, settings, provider)),
            var unknown => throw new InvalidOperationException($"Unknown advisor {unknown.GetType().Name}."),
        };
    }

    /// <summary>In the store that replicas share, if it is one; else in the state root.</summary>
    /// <returns>The ledger; or a sentence for the operator, when what was spent cannot be known.</returns>
    public static async Task<(ICostLedger? Ledger, string? Refusal)> OpenLedgerAsync(
        BackendSettings settings, IConversationStore store, TimeProvider time, IdSource ids, CancellationToken cancellationToken)
    {
        if (store is ISharedCosts shared)
            return (await SharedCostLedger.OpenAsync(shared, settings.CostLimits, time, ids, cancellationToken), null);
        var ledger = FileCostLedger.Open(settings.StateRoot, settings.CostLimits, time, ids, out var refusal);
        return (ledger, refusal);
    }

    private static ModelAdvisor Models(AdvisorSettings.Models models, BackendSettings settings, IServiceProvider provider)
    {
        var time = provider.GetRequiredService<TimeProvider>();
        var logger = provider.GetRequiredService<ILogger<ModelAdvisor>>();
        var prompts = PromptBook.Load(settings.PromptsFolder);
        logger.ModelsChosen(string.Join(", ", models.Providers.Select(model => $"{model.Name} {model.Model}")));
        if (prompts.Overridden.Count > 0)
            logger.PromptsReplaced(string.Join(", ", prompts.Overridden));
        foreach (var error in prompts.Errors)
            logger.PromptRefused(error);
        return new ModelAdvisor(
            [.. models.Providers.Select(model => Model(model, time))],
            new Grounding(provider.GetRequiredService<IConversationStore>()),
            prompts,
            provider.GetRequiredService<ICostLedger>(),
            provider.GetRequiredService<BackendMeter>(),
            time,
            logger);
    }

    private static IModel Model(ProviderSettings settings, TimeProvider time) => settings.Api switch
    {
        ProviderApi.ChatCompletions => ChatCompletionsModel.Create(settings, time),
        ProviderApi.Messages => MessagesModel.Create(settings, time),
        _ => throw new InvalidOperationException($"Unknown API {settings.Api}."),
    };
}
