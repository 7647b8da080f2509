using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Audit;
using Maestra.Backend.Conversations;
using Maestra.Backend.Metrics;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Erasures;

/// <summary>What follows an erasure outside the store.</summary>
internal static class ErasureServices
{
    /// <summary>To be registered before whatever else begins by itself: it notes at its start what earlier processes erased.</summary>
    /// <param name="store">One that tells its erasures; of another only what is told at once is finished.</param>
    public static IServiceCollection AddErasures(this IServiceCollection services, IConversationStore store)
    {
        services.AddSingleton<ToldErasures>();
        services.AddSingleton(provider => new ErasureAccounts(store as ISharedErasures, provider.GetRequiredService<ILogger<ErasureAccounts>>()));
        services.AddSingleton<ArchiveObservers>();
        if (store is not IErasureFeed feed)
            return services;
        return services.AddHostedService(provider => new ErasureSweep(
            feed, store as ISharedErasures, provider.GetRequiredService<ToldErasures>(), provider.GetRequiredService<ErasureAccounts>(), provider.GetRequiredService<MetricsEraser>(),
            provider.GetRequiredService<ArchiveAudit>(), provider.GetRequiredService<BackendSettings>(), provider.GetRequiredService<IdSource>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<ErasureSweep>>()));
    }
}
