using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.Mcp.Protocol;

/// <summary>
/// Says that the static lists may be kept: the SDK stamps "stale at once, private" on <c>server/discover</c> and has
/// no option for it (mcp.md §3, defect 7). Legacy results carry no such fields and stay as they are.
/// </summary>
internal static class CacheHints
{
    internal const int StaticTtlMilliseconds = 60 * 60 * 1000;

    internal const string SharedScope = "public";

    private static readonly string[] StaticMembers = ["tools", "prompts", "resourceTemplates", "supportedVersions"];

    internal static McpMessageHandler Filter(McpMessageHandler next) => (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is JsonRpcResponse { Result: JsonObject result } && IsStatic(result))
        {
            result["ttlMs"] = StaticTtlMilliseconds;
            result["cacheScope"] = SharedScope;
        }

        return next(context, cancellationToken);
    };

    /// <summary>What the program brings along. Other results that carry the fields tell of conversations, which change.</summary>
    private static bool IsStatic(JsonObject result) =>
        result.ContainsKey("ttlMs") && Array.Exists(StaticMembers, result.ContainsKey);
}
