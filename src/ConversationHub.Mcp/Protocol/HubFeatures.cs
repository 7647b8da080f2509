using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Prompts;

namespace ConversationHub.Mcp.Protocol;

/// <summary>What answers the requests of MCP: tools, resources, prompts, completions.</summary>
internal sealed record HubFeatures(
    ToolDispatch Tools, ConversationResources Resources, ConversationPrompts Prompts, ConversationCompletion Completion);
