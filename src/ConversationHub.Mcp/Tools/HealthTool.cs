using ConversationHub.Mcp.Arguments;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Results;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Tools;

/// <summary><c>maestra_health</c>: which backends are up and which one the next question goes to (wire.md §12).</summary>
internal sealed class HealthTool(IHealthReader health) : HubTool
{
    private static readonly string[] Names = ["refresh"];

    internal override Tool Definition { get; } = new()
    {
        Name = ToolTexts.HealthName,
        Title = ToolTexts.HealthTitle,
        Description = ToolTexts.HealthDescription,
        InputSchema = Schema(ToolSchemas.HealthInput),
        OutputSchema = Schema(ToolSchemas.HealthOutput),
        Annotations = ToolTexts.Reading(ToolTexts.HealthTitle),
    };

    internal override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var reader = new ArgumentReader(call.Arguments, Names, Names);
        var refresh = reader.Flag("refresh");
        if (reader.Problems.Count > 0)
            return HealthRendering.NotRead(ArgumentTexts.NotCalled(ToolTexts.HealthName, reader.Problems));
        return HealthRendering.Render(await health.ReadAsync(refresh, cancellationToken));
    }
}
