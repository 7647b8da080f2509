using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Health;
using Maestra.Backend.Http;

namespace Maestra.Backend.Metrics;

/// <summary><c>GET /metrics</c> and <c>GET /metrics/prometheus</c> (wire.md §6). Reads memory only.</summary>
internal sealed class MetricsEndpoint(MetricsBoard board, BackendMeter meter, IConversationStore store, ProcessStart start, TimeProvider time)
{
    private static readonly string[] TextTypes = ["text/plain", "application/openmetrics-text"];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Metrics, context => WantsText(context.Request) ? WriteTextAsync(context) : ReplyWriter.WriteAsync(context, Json()));
        routes.MapGet(Routes.MetricsText, WriteTextAsync);
    }

    private static bool WantsText(HttpRequest request) => request.GetTypedHeaders().Accept.Any(accepted => accepted.Quality is null or > 0
        && accepted.MediaType.HasValue && TextTypes.Contains(accepted.MediaType.Value, StringComparer.OrdinalIgnoreCase));

    private Task WriteTextAsync(HttpContext context)
    {
        context.Response.ContentType = PrometheusText.MediaType;
        return context.Response.WriteAsync(PrometheusText.Render(board.Snapshot()), Encoding.UTF8, context.RequestAborted);
    }

    private HttpReply.Json Json()
    {
        var asks = meter.Asks;
        var costs = meter.Costs;
        return HttpReply.Ok(
            new MetricsReport
            {
                Timestamp = time.GetUtcNow(),
                UptimeSeconds = (long)time.GetElapsedTime(start.Timestamp).TotalSeconds,
                TotalRequests = asks.Requests,
                TotalErrors = asks.Errors,
                AverageLatencyMs = Math.Round(asks.AverageLatencyMs, 3),
                TotalCostUsd = asks.CostUsd,
                ActiveConversations = store.Status.Conversations,
                CostTodayUsd = costs.TodayUsd,
                CostMonthUsd = costs.MonthUsd,
                RateLimitedTotal = meter.RateLimitedTotal,
                SyncLagSeconds = meter.WorstSyncLagSeconds,
            },
            MaestraJson.Compact.MetricsReport);
    }
}
