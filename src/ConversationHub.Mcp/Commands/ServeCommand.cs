using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Hosting;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Stdio;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Commands;

/// <summary><c>serve</c>: an MCP server over standard input and output, until the client is gone.</summary>
internal static class ServeCommand
{
    /// <summary>After a stop is asked for, how long handlers may take to end.</summary>
    internal const int ShutdownMilliseconds = 150;

    /// <summary>After that, how long the disk may take for what an answer has told. All of it is less than the 500 ms a client waits.</summary>
    internal const int SettleMilliseconds = 50;

    internal static async Task<int> RunAsync(HubSettings settings, Stream stdout)
    {
        // Empty: no configuration files, no providers, no content root to scan. Start-up time counts.
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddHubLogging(settings, Console.Error);
        builder.Services.AddHub(settings);
        builder.Services.Configure<HostOptions>(static host =>
            host.ShutdownTimeout = TimeSpan.FromMilliseconds(ShutdownMilliseconds));
        builder.Services.AddSingleton(new StdioStreams(StandardStreams.OpenInput(), stdout));
        builder.Services.AddHostedService<StdioServer>();
        builder.Services.AddHostedService<HangupSignal>();
        if (settings.WatchParent && !OperatingSystem.IsWindows())
        {
            builder.Services.AddSingleton<Func<int>>(ParentWatchdog.UnixParentId);
            builder.Services.AddHostedService<ParentWatchdog>();
        }

        // Not disposed: Main exits as soon as this returns, and disposing has no deadline of its own.
        var host = builder.Build();
        if (settings.TelemetryWanted)
            McpTelemetry.TelemetryNotExported(host.Services.GetRequiredService<ILogger<StdioServer>>());
        await host.StartAsync(CancellationToken.None);
        await host.WaitForShutdownAsync(CancellationToken.None);
        await host.Services.GetRequiredService<KeptConversations>().SettleAsync(TimeSpan.FromMilliseconds(SettleMilliseconds));
        return ExitCodes.Ended;
    }
}
