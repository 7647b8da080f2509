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

    internal static McpMessageHandler Filter(McpMessageHandler next) => (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is JsonRpcResponse { Result: JsonObject result } && IsStatic(result))
        {
            result["ttlMs"] = StaticTtlMilliseconds;
            result["cacheScope"] = SharedScope;
        }

        return next(context, cancellationToken);
    };

    /// <summary>The tool list and the server's description; other results that carry the fields are not static.</summary>
    private static bool IsStatic(JsonObject result) =>
        result.ContainsKey("ttlMs") && (result.ContainsKey("tools") || result.ContainsKey("supportedVersions"));
}
