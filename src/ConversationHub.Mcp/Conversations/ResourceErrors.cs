using ModelContextProtocol;

namespace ConversationHub.Mcp.Conversations;

/// <summary>Errors of <c>resources/read</c>. What does not exist has -32602 since 2026-07-28, and -32002 before.</summary>
internal static class ResourceErrors
{
    private const string FirstVersionWithoutOwnCode = "2026-07-28";

    internal static McpProtocolException NotFound(string? uri, string message) => Create(uri, message, McpErrorCode.InvalidParams);

    /// <summary>The same error as that version of the protocol spells it.</summary>
    /// <param name="version">Null: each request names its own, which only the newer versions do.</param>
    internal static McpProtocolException For(string? version, McpProtocolException error) =>
        error.ErrorCode == McpErrorCode.InvalidParams && version is not null && string.CompareOrdinal(version, FirstVersionWithoutOwnCode) < 0
            ? Create(error.Data["uri"] as string, error.Message, McpErrorCode.ResourceNotFound)
            : error;

    private static McpProtocolException Create(string? uri, string message, McpErrorCode code)
    {
        var error = new McpProtocolException(message, code);
        error.Data["uri"] = uri;
        return error;
    }
}
