using Maestra.Backend.Identity;
using Maestra.Backend.Pairing;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Peers;

/// <summary>What makes one backend know another: identity, pairings, signatures.</summary>
internal static class PeerServices
{
    public static IServiceCollection AddPeers(this IServiceCollection services, BackendSettings settings, IdentityBoard identity)
    {
        // By a factory, so that the container lets it go at the end.
        services.AddSingleton(_ => identity);
        services.AddSingleton(PeerClient.CreateHttp());
        services.AddSingleton(provider => OpenStore(settings, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<OwnerActs>();
        services.AddSingleton<PeerDirectory>();
        services.AddSingleton<IPeerDirectory>(static provider => provider.GetRequiredService<PeerDirectory>());
        services.AddSingleton<SignedRequests>();
        services.AddSingleton<SignedReplies>();
        services.AddSingleton<PeerClient>();
        services.AddSingleton<IdentityEndpoint>();
        services.AddSingleton<RegisterPeerEndpoint>();
        services.AddSingleton<PeerEndpoints>();
        return services;
    }

    /// <summary>Where pairings are kept: with the conversations when those are in a database, else in the state root.</summary>
    public static IPeerStore OpenStore(BackendSettings settings, TimeProvider time, ILoggerFactory loggers) => settings.Database is { } database
        ? new PostgresPeerStore(new PeerDatabase(database), time, loggers.CreateLogger<PostgresPeerStore>())
        : new FilePeerStore(settings.StateRoot, time, loggers.CreateLogger<FilePeerStore>());

    public static void MapPeers(this WebApplication app)
    {
        app.Services.GetRequiredService<IdentityEndpoint>().Map(app);
        app.Services.GetRequiredService<RegisterPeerEndpoint>().Map(app);
        app.Services.GetRequiredService<PeerEndpoints>().Map(app);
    }
}
