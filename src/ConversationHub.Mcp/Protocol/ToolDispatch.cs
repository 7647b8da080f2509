using ConversationHub.Contracts;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Texts;
using ConversationHub.Mcp.Tools;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.Mcp.Protocol;

/// <summary>Answers <c>tools/list</c> and <c>tools/call</c> for a fixed list of tools.</summary>
internal sealed class ToolDispatch(IReadOnlyList<HubTool> tools, ILogger<ToolDispatch> logger)
{
    internal ValueTask<ListToolsResult> ListAsync(RequestContext<ListToolsRequestParams> request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new ListToolsResult { Tools = [.. tools.Select(tool => tool.Definition)] });

    /// <summary>An unknown tool is a protocol error; whatever a model can act on is a result with <c>isError</c>.</summary>
    internal async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var name = request.Params?.Name;
        if (tools.FirstOrDefault(tool => tool.Definition.Name == name) is not { } tool)
        {
            throw new McpProtocolException(
                ProtocolTexts.UnknownTool(name, tools.Select(known => known.Definition.Name)), McpErrorCode.InvalidParams);
        }

        try
        {
            return await tool.CallAsync(ToCall(request), cancellationToken);
        }
        catch (Exception bug) when (!IsAnAnswer(bug) && (bug is not OperationCanceledException || !cancellationToken.IsCancellationRequested))
        {
            // The last boundary before the SDK would answer "An error occurred".
            TryLog(tool.Definition.Name, bug);
            return new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = FailureTexts.HubFault }] };
        }
    }

    /// <summary>What made the tool fail, such as no descriptor being left, may make this fail as well; the caller is answered all the same.</summary>
    private void TryLog(string tool, Exception bug)
    {
        try
        {
            McpTelemetry.ToolFailed(logger, tool, bug);
        }
#pragma warning disable CA1031 // There is nobody left to tell.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The answer says that the hub failed.
        }
    }

    /// <summary>Two exceptions are the SDK's way to say something of the protocol: an error of JSON-RPC, a question back.</summary>
    private static bool IsAnAnswer(Exception exception) => exception is McpProtocolException or InputRequiredException;

    private static ToolCall ToCall(RequestContext<CallToolRequestParams> request)
    {
        var server = request.Server;
        var meta = request.Params!.Meta;
        return new ToolCall(
            [.. request.Params.Arguments ?? new Dictionary<string, System.Text.Json.JsonElement>()],
            server.ClientInfo?.Name,
            request.Params.ProgressToken is { } token
                ? (value, cancellationToken) => server.NotifyProgressAsync(token, value, cancellationToken: cancellationToken)
                : null,
            TraceContext.TryCreate(JsonText.Text(meta?["traceparent"]), JsonText.Text(meta?["tracestate"])))
        {
            ReceivedAt = Receipt.Of(request.JsonRpcRequest),
        };
    }
}
