using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Arguments;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Results;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Tools;

/// <summary><c>maestra_ask</c>: one question to the assistant, local first (wire.md §2, §12).</summary>
internal sealed class AskTool(QuestionAsker asker) : HubTool
{
    internal override Tool Definition { get; } = new()
    {
        Name = ToolTexts.AskName,
        Title = ToolTexts.AskTitle,
        Description = ToolTexts.AskDescription,
        InputSchema = Schema(ToolSchemas.AskInput),
        OutputSchema = Schema(ToolSchemas.AskOutput),
        Annotations = ToolTexts.Asking(ToolTexts.AskTitle),
    };

    internal override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var (operation, request) = (asker.NewOperationId(), asker.NewRequestId());
        if (AskArguments.Read(call.Arguments, out var problems) is not { } arguments)
        {
            var text = ArgumentTexts.NotCalled(ToolTexts.AskName, problems);
            return AskRendering.Render(AskReport.NotAsked(operation, request, text, legacy: false));
        }

        var user = asker.UserOf(arguments.UserId);
        var conversation = asker.ConversationOf(arguments.ConversationId, operation, user);
        var body = new AskRequest
        {
            UserId = user,
            SurfaceId = asker.SurfaceOf(arguments.SurfaceId, call.ClientName),
            ConversationId = conversation,
            Message = arguments.Message,
            ModeHint = arguments.ModeHint,
            SurfaceContext = arguments.SurfaceContext,
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, MaestraJson.Compact.AskRequest);
        if (ArgumentRules.FitsRequest(
                bytes.Length,
                ("message", body.Message),
                ("surface_context.selection", body.SurfaceContext?.Selection),
                ("surface_context.screen_context", body.SurfaceContext?.ScreenContext)) is { } tooLarge)
        {
            return AskRendering.Render(AskReport.NotAsked(operation, request, ArgumentTexts.NotCalled(ToolTexts.AskName, [tooLarge]), legacy: false));
        }

        var result = await asker.AskAsync(
            AskEndpoint.Core,
            bytes,
            operation,
            request,
            conversation,
            isNamed: arguments.ConversationId is not null,
            arguments.Route,
            call,
            cancellationToken);
        return AskRendering.Render(new AskReport(operation, request, conversation, result, Legacy: false));
    }
}
