using ConversationHub.Store;

namespace Maestra.Backend.Sync;

/// <summary>The exchange with other backends.</summary>
internal static class SyncServices
{
    /// <param name="store">Null for a store that exchanges nothing.</param>
    /// <param name="begins">False: others may ask this backend, which asks nobody (TEST_MODE).</param>
    public static IServiceCollection AddSync(this IServiceCollection services, ISyncStore? store, bool begins)
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
        if (begins)
            services.AddHostedService<SyncEngine>();
        return services;
    }

    public static void MapSync(this WebApplication app) => app.Services.GetService<SyncEndpoint>()?.Map(app);
}
