using System.Reflection;
using ConversationHub.Mcp.Texts;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.Mcp.Protocol;

/// <summary>What the hub offers over MCP, whatever transport carries it.</summary>
internal static class HubServerOptions
{
    internal const string ServerName = "conversation-hub-mcp";

    internal static string Version { get; } =
        typeof(HubServerOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    internal static McpServerOptions Create(ToolDispatch tools)
    {
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = ServerName, Title = ToolTexts.ServerTitle, Version = Version },
            ServerInstructions = ToolTexts.Instructions,

            // The list never changes. A tool collection would announce that it may, and clients would subscribe.
            Capabilities = new ServerCapabilities { Tools = new ToolsCapability { ListChanged = false } },
            ScopeRequests = false,
        };
        options.Handlers.ListToolsHandler = tools.ListAsync;
        options.Handlers.CallToolHandler = tools.CallAsync;
        options.Filters.Message.OutgoingFilters.Add(CacheHints.Filter);
        options.Filters.Message.IncomingFilters.Add(ParameterErrors.Filter);
        return options;
    }
}
