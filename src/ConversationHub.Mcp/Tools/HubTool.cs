using System.Text.Json;
using ConversationHub.Mcp.Asking;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Tools;

/// <summary>One tool: what clients are told about it, and what it does.</summary>
internal abstract class HubTool
{
    internal abstract Tool Definition { get; }

    /// <summary>Never throws for what a caller did or a backend suffered: that is a result with <c>isError</c>.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled; nothing is answered.</exception>
    internal abstract Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken);

    private protected static JsonElement Schema(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }
}
