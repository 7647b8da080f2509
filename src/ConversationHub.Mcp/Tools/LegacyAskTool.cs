using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Arguments;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Results;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Tools;

/// <summary><c>maestra_legacy_ask</c>: the question of the earlier advisor, with its fields (wire.md §3, §12).</summary>
internal sealed class LegacyAskTool(QuestionAsker asker) : HubTool
{
    internal override Tool Definition { get; } = new()
    {
        Name = ToolTexts.LegacyAskName,
        Title = ToolTexts.LegacyAskTitle,
        Description = ToolTexts.LegacyAskDescription,
        InputSchema = Schema(ToolSchemas.LegacyAskInput),
        OutputSchema = Schema(ToolSchemas.LegacyAskOutput),
        Annotations = ToolTexts.Asking(ToolTexts.LegacyAskTitle),
    };

    internal override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var (operation, request) = (asker.NewOperationId(), asker.NewRequestId());
        if (LegacyAskArguments.Read(call.Arguments, out var problems) is not { } arguments)
        {
            var text = ArgumentTexts.NotCalled(ToolTexts.LegacyAskName, problems);
            return AskRendering.Render(AskReport.NotAsked(operation, request, text, legacy: true));
        }

        var body = new LegacyAskRequest
        {
            UserId = asker.UserOf(arguments.UserId),
            SessionId = arguments.SessionId,
            Question = arguments.Question,
            Mode = arguments.Mode,
            ContextHints = arguments.ContextHints,
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, MaestraJson.Compact.LegacyAskRequest);
        if (ArgumentRules.FitsRequest(bytes.Length, ("question", body.Question)) is { } tooLarge)
            return AskRendering.Render(AskReport.NotAsked(operation, request, ArgumentTexts.NotCalled(ToolTexts.LegacyAskName, [tooLarge]), legacy: true));
        var result = await asker.AskAsync(
            AskEndpoint.Legacy,
            bytes,
            operation,
            request,
            arguments.SessionId,
            isNamed: true,
            route: null,
            call,
            cancellationToken);
        return AskRendering.Render(new AskReport(operation, request, arguments.SessionId, result, Legacy: true));
    }
}
