using System.Net.Sockets;
using ConversationHub.Mcp;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Commands;
using ConversationHub.Mcp.Hosting;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Stdio;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConversationHub.McpHttp;

/// <summary><c>serve --transport http</c>: MCP over HTTP on this machine, until a signal ends it.</summary>
internal static class HttpProgram
{
    internal static async Task<int> RunAsync(HubSettings settings)
    {
        if (settings.Http is not { } http)
        {
            await StandardStreams.TellAsync($"conversation-hub-mcp-http: {SettingNames.ServerMode} must be http here; conversation-hub-mcp serves over standard input and output.");
            return ExitCodes.BadSettings;
        }

        await using var app = McpWebServer.Build(http, builder => Configure(builder, settings), static services =>
        {
            var features = services.GetRequiredService<HubFeatures>();
            return () => HubServerOptions.Create(features);
        });
        try
        {
            await app.StartAsync();
        }
        catch (Exception busy) when (busy is IOException or SocketException)
        {
            await StandardStreams.TellAsync($"conversation-hub-mcp-http: {SettingNames.ServerPort}: cannot listen on 127.0.0.1:{http.Port}: {busy.Message}");
            return ExitCodes.NoPort;
        }

        McpTelemetry.HttpListening(app.Services.GetRequiredService<ILogger<McpEndpoint>>(), McpWebServer.AddressOf(app));
        if (http.Token is null)
            McpTelemetry.HttpWithoutToken(app.Services.GetRequiredService<ILogger<McpEndpoint>>());
        await app.WaitForShutdownAsync();
        await app.Services.GetRequiredService<KeptConversations>().SettleAsync(TimeSpan.FromMilliseconds(ServeCommand.SettleMilliseconds));
        return ExitCodes.Ended;
    }

    private static void Configure(WebApplicationBuilder builder, HubSettings settings)
    {
        builder.Logging.AddHubLogging(settings, Console.Error);
        builder.Services.AddHub(settings);
        builder.Services.AddHostedService<HangupSignal>();
    }
}
