using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ConversationHub.Routing;

/// <summary>Registers the router.</summary>
public static class RoutingServices
{
    /// <summary>Adds <see cref="IQuestionRouter"/>, <see cref="IHealthReader"/> and <see cref="IConversationReader"/>. Nothing is contacted before the first question, nor made.</summary>
    public static IServiceCollection AddRouting(this IServiceCollection services, RoutingOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static _ => new Random());
        services.AddSingleton(options);
        RoutingClients.AddClients(services);
        services.AddSingleton<BackendClient>();
        services.AddSingleton<TargetSet>();
        services.AddSingleton<Prober>();
        services.AddSingleton<RetryBudget>();
        services.AddSingleton<AttemptRunner>();
        services.AddSingleton<QuestionRouter>();
        services.AddSingleton<HealthReader>();
        services.AddSingleton<ConversationReader>();
        services.AddSingleton<IQuestionRouter, DeferredRouter>();
        services.AddSingleton<IHealthReader, DeferredHealthReader>();
        services.AddSingleton<IConversationReader, DeferredConversationReader>();
        return services;
    }
}
