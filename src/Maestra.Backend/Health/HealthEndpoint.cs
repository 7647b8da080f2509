using System.Text.Json;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Health;

/// <summary><c>GET /health</c> and <c>GET /tgif/health</c> (wire.md §3, §5).</summary>
internal sealed class HealthEndpoint(HealthReporter reporter, BackendSettings settings)
{
    private const string FocusCoach = "/tgif/health";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Health, context => AnswerAsync(context, null));
        routes.MapGet(FocusCoach, context => AnswerAsync(context, "focus_coach"));
    }

    private Task AnswerAsync(HttpContext context, string? focus)
    {
        // In cloud mode a stranger learns no numbers.
        var tellsCount = settings.Mode == BackendMode.Local || RequestState.Of(context).KeyOwner is not null;
        var report = reporter.Report(tellsCount);
        var body = JsonSerializer.SerializeToUtf8Bytes(report, MaestraJson.Compact.HealthReport);
        if (focus is not null)
            body = WithFocus(body, focus);
        var status = report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        return ReplyWriter.WriteAsync(context, new HttpReply.Json(status, body));
    }

    private static byte[] WithFocus(byte[] body, string focus)
    {
        var report = JsonNode.Parse(body)!.AsObject();
        report["focus"] = focus;
        return System.Text.Encoding.UTF8.GetBytes(report.ToJsonString());
    }
}
