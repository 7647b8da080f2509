using System.Text.Json;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Tools;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.ConformanceHost;

/// <summary>One tool of the suite. Unlike the hub's own it may talk to the client in the middle of a call, so it is given the request.</summary>
internal sealed class FixtureTool(
    string name, Func<RequestContext<CallToolRequestParams>, CancellationToken, Task<CallToolResult>> run, string schema = """{"type":"object"}""")
    : HubTool
{
    private static readonly AsyncLocal<RequestContext<CallToolRequestParams>?> Request = new();

    internal override Tool Definition { get; } = new()
    {
        Name = name,
        Description = $"Fixture {name} of the conformance suite.",
        InputSchema = JsonElement.Parse(schema),
    };

    /// <summary>The hub's dispatch, with the request at hand for the tool that it finds.</summary>
    internal static ValueTask<CallToolResult> DispatchAsync(
        Mcp.Protocol.ToolDispatch tools, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        Request.Value = request;
        return tools.CallAsync(request, cancellationToken);
    }

    internal override Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken) =>
        run(Request.Value!, cancellationToken);
}
