using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Stdio;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Hosting;

/// <summary>Serves one client over standard input and output, and stops the host when that client is gone.</summary>
internal sealed class StdioServer(
    StdioStreams streams,
    HubFeatures features,
    TimeProvider time,
    ILoggerFactory loggerFactory,
    IServiceProvider services,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await using var transport = new StdioTransport(streams.Input, streams.Output, time, loggerFactory);
            await using var session = new HubSession(transport, features, loggerFactory, services);
            var running = session.RunAsync(stoppingToken);
            await Task.WhenAny(running, transport.Ended);

            // Stopping cancels what is still running; a handler deaf to that is left behind by Main.
            lifetime.StopApplication();
            await running;
        }
        finally
        {
            lifetime.StopApplication();
        }
    }
}

/// <summary>The two streams of the transport.</summary>
internal sealed record StdioStreams(Stream Input, Stream Output);
