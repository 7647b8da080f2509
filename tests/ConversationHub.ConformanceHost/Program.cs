using ConversationHub.ConformanceHost;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Prompts;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Stdio;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Server;

var stdout = StandardStreams.OpenOutput();
Console.SetOut(Console.Error);

var tools = new ToolDispatch([.. FixtureTools.All, .. InputRequiredTools.All], NullLogger<ToolDispatch>.Instance);

// The hub's own resources and prompts are replaced before anything can ask for them, so they need no source.
var resources = new ConversationResources(source: null!, NullLogger<ConversationResources>.Instance);
var options = HubServerOptions.Create(new HubFeatures(tools, resources, new ConversationPrompts(source: null!, resources)));
FixtureHandlers.Replace(options, tools);

await using var transport = new StdioTransport(StandardStreams.OpenInput(), stdout, TimeProvider.System, NullLoggerFactory.Instance);
await using var server = McpServer.Create(transport, options, NullLoggerFactory.Instance);
var running = server.RunAsync();
await Task.WhenAny(running, transport.Ended);
Environment.Exit(0);
