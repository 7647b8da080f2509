using ConversationHub.Store;

namespace Maestra.Backend.Sync;

/// <summary>The exchange with other backends.</summary>
internal static class SyncServices
{
    /// <param name="store">Null for a store that exchanges nothing.</param>
    public static IServiceCollection AddSync(this IServiceCollection services, ISyncStore? store)
    {
        services.AddSingleton<SyncBoard>();
        services.AddSingleton<Freshness>();
        if (store is null)
            return services;
        services.AddSingleton(store);
        services.AddSingleton<EarlierIntake>();
        services.AddSingleton<SyncErasures>();
        services.AddSingleton<SyncRounds>();
        services.AddSingleton<SyncEndpoint>();
        services.AddHostedService<SyncEngine>();
        return services;
    }

    public static void MapSync(this WebApplication app) => app.Services.GetService<SyncEndpoint>()?.Map(app);
}
