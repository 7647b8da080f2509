using System.Net;
using ConversationHub.Mcp.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace ConversationHub.McpHttp;

/// <summary>The framework's web server on loopback with one endpoint.</summary>
internal static class McpWebServer
{
    /// <summary>Builds it; the caller starts and stops it.</summary>
    /// <param name="configure">Adds what the endpoint's servers need, and the logging.</param>
    /// <param name="options">What the servers offer.</param>
    internal static WebApplication Build(
        HttpSettings settings, Action<WebApplicationBuilder> configure, Func<IServiceProvider, Func<McpServerOptions>> options)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, settings.Port));
        builder.Services.Configure<HostOptions>(static host =>
            host.ShutdownTimeout = TimeSpan.FromSeconds(HttpLimits.DrainSeconds + HttpLimits.TellingSeconds));
        configure(builder);
        builder.Services.AddSingleton(provider => new McpEndpoint(
            options(provider),
            settings.Token,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<ILoggerFactory>(),
            provider));

        var app = builder.Build();
        var endpoint = app.Services.GetRequiredService<McpEndpoint>();
        app.Lifetime.ApplicationStopping.Register(endpoint.Stop);
        app.Run(endpoint.HandleAsync);
        return app;
    }

    /// <summary>Where it listens, once it is started.</summary>
    internal static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First().TrimEnd('/') + McpEndpoint.Path;

    private static void Configure(KestrelServerOptions kestrel, int port)
    {
        kestrel.AddServerHeader = false;
        kestrel.Listen(IPAddress.Loopback, port, static listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.Limits.MaxConcurrentConnections = HttpLimits.MaxConnections;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(HttpLimits.HeadersTimeoutSeconds);

        // The endpoint counts the body itself, so that the refusal says what the limit is.
        kestrel.Limits.MaxRequestBodySize = null;
    }
}
