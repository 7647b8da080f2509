using Maestra.Backend.Identity;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Peers;

/// <summary>What makes one backend know another: identity, pairings, signatures.</summary>
internal static class PeerServices
{
    public static IServiceCollection AddPeers(this IServiceCollection services, BackendSettings settings, IdentityBoard identity)
    {
        services.AddSingleton(identity);
        services.AddSingleton(PeerClient.CreateHttp());
        services.AddSingleton<IPeerStore>(provider =>
            new FilePeerStore(settings.StateRoot, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<FilePeerStore>>()));
        services.AddSingleton<PeerDirectory>();
        services.AddSingleton<IPeerDirectory>(static provider => provider.GetRequiredService<PeerDirectory>());
        services.AddSingleton<SignedRequests>();
        services.AddSingleton<SignedReplies>();
        services.AddSingleton<PeerClient>();
        services.AddSingleton<IdentityEndpoint>();
        return services;
    }

    public static void MapPeers(this WebApplication app)
    {
        app.Services.GetRequiredService<IdentityEndpoint>().Map(app);
    }
}
