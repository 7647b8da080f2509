using System.Reflection;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Prompts;
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

    internal static McpServerOptions Create(HubFeatures features)
    {
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = ServerName, Title = ToolTexts.ServerTitle, Version = Version },
            ServerInstructions = ToolTexts.Instructions,

            // No list changes unasked. A tool collection would announce that it may, and clients would subscribe.
            Capabilities = new ServerCapabilities
            {
                Tools = new ToolsCapability { ListChanged = false },
                Resources = new ResourcesCapability { ListChanged = false, Subscribe = false },
                Prompts = new PromptsCapability { ListChanged = false },
                Completions = new CompletionsCapability(),
            },
            ScopeRequests = false,
        };
        options.Handlers.ListToolsHandler = features.Tools.ListAsync;
        options.Handlers.CallToolHandler = features.Tools.CallAsync;
        options.Handlers.ListResourcesHandler = features.Resources.ListAsync;
        options.Handlers.ListResourceTemplatesHandler = ConversationResources.ListTemplatesAsync;
        options.Handlers.ReadResourceHandler = features.Resources.ReadAsync;
        options.Handlers.ListPromptsHandler = ConversationPrompts.ListAsync;
        options.Handlers.GetPromptHandler = features.Prompts.GetAsync;
        options.Handlers.CompleteHandler = features.Completion.CompleteAsync;
        options.Filters.Message.OutgoingFilters.Add(CacheHints.Filter);
        options.Filters.Message.IncomingFilters.Add(ParameterErrors.Filter);
        return options;
    }
}
