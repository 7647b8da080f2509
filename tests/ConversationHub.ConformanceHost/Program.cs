using System.Globalization;
using ConversationHub.ConformanceHost;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Prompts;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Stdio;
using ConversationHub.McpHttp;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Server;

var stdout = StandardStreams.OpenOutput();
Console.SetOut(Console.Error);

// --http PORT: the same on the hub's own HTTP endpoint.
if (args is ["--http", var port])
{
    await using var app = McpWebServer.Build(
        new HttpSettings(int.Parse(port, CultureInfo.InvariantCulture), Token: null), static _ => { }, static _ => CreateOptions);
    await app.RunAsync();
    return;
}

await using var transport = new StdioTransport(StandardStreams.OpenInput(), stdout, TimeProvider.System, NullLoggerFactory.Instance);
await using var server = McpServer.Create(transport, CreateOptions(), NullLoggerFactory.Instance);
var running = server.RunAsync();
await Task.WhenAny(running, transport.Ended);
Environment.Exit(0);

static McpServerOptions CreateOptions()
{
    var tools = new ToolDispatch([.. FixtureTools.All, .. InputRequiredTools.All], NullLogger<ToolDispatch>.Instance);

    // The hub's own resources and prompts are replaced before anything can ask for them, so they need no source.
    var resources = new ConversationResources(source: null!, NullLogger<ConversationResources>.Instance);
    var options = HubServerOptions.Create(new HubFeatures(
        tools, resources, new ConversationPrompts(source: null!, resources), new ConversationCompletion(source: null!)));
    FixtureHandlers.Replace(options, tools);
    return options;
}
