using System.Net;
using ConversationHub.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace ConversationHub.Routing;

/// <summary>The two HTTP clients, one a target: no redirects, no cookies, no decompression, bounded headers.</summary>
internal static class RoutingClients
{
    /// <summary>A loopback connect takes 0.1 ms; what takes longer is not there.</summary>
    public static readonly TimeSpan LocalConnectTimeout = TimeSpan.FromMilliseconds(250);

    public static readonly TimeSpan CloudConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Of a direct try, made when every breaker is open.</summary>
    public static readonly TimeSpan DirectConnectTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>Shorter than the 5 s after which uvicorn, the earlier backend's server, closes: a question never meets a closing connection.</summary>
    private static readonly TimeSpan LocalIdleTimeout = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan CloudIdleTimeout = TimeSpan.FromSeconds(45);

    /// <summary>DNS changes of the cloud are seen after this time.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    public static void AddClients(IServiceCollection services)
    {
        AddClient(services, TargetName.Local, LocalConnectTimeout, LocalIdleTimeout);
        AddClient(services, TargetName.Cloud, CloudConnectTimeout, CloudIdleTimeout);
    }

    private static void AddClient(IServiceCollection services, TargetName target, TimeSpan connectTimeout, TimeSpan idleTimeout) =>
        services.AddHttpClient(target.ToWire(), static client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(provider => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.None,

                // A proxy would see the questions of a backend on this machine; the cloud may be behind one.
                UseProxy = target == TargetName.Cloud && provider.GetRequiredService<RoutingOptions>().CloudUrl is not { IsLoopback: true },
                PlaintextStreamFilter = target == TargetName.Local && provider.GetRequiredService<RoutingOptions>().LocalBackendId is { } pinned
                    ? new IdentityGate(pinned, provider.GetRequiredService<TimeProvider>()).PassAsync
                    : null,
                ConnectCallback = new TargetConnector(connectTimeout, provider.GetRequiredService<TimeProvider>()).ConnectAsync,
                PooledConnectionIdleTimeout = idleTimeout,
                PooledConnectionLifetime = ConnectionLifetime,
                MaxResponseHeadersLength = WireLimits.HeaderBytes / 1024,
                ActivityHeadersPropagator = null,
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers();
}
