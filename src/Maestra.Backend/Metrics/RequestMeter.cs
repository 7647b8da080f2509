using ConversationHub.Contracts;
using Maestra.Backend.Alerts;
using Maestra.Backend.Audit;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Telemetry;

namespace Maestra.Backend.Metrics;

/// <summary>Around everything else: measures every request, whoever answers it, and tells of those that failed.</summary>
internal sealed class RequestMeter(RequestDelegate next, BackendMeter meter, IAlerts alerts, IAuditTrail audit, BackendIdentity identity, TimeProvider time)
{
    private const string Unmatched = "unmatched";
    private const string OtherMethod = "other";

    public async Task InvokeAsync(HttpContext context)
    {
        var started = time.GetTimestamp();
        var span = BackendTracing.StartRequest(context.Request);
        try
        {
            await next(context);
        }
        finally
        {
            var state = context.Features.Get<RequestState>();
            var status = state?.Problem?.Status ?? context.Response.StatusCode;
            var (route, method) = (state?.Route ?? Route(context), Method(context.Request.Method));
            meter.RequestServed(route, method, status, time.GetElapsedTime(started));
            span?.End(method, route, status, state?.Problem?.Code);
            if (state?.Problem is { Code: ProblemCode.CostLimitExceeded } limited)
                TellCostLimit(state, limited);
            if (status >= StatusCodes.Status500InternalServerError && state?.Problem is { } problem && problem.Code != ProblemCode.ShuttingDown)
                alerts.Tell(new AlertSignal.RequestFailed(status, problem.Code, state.RequestId.ToString()));
        }
    }

    private void TellCostLimit(RequestState state, HttpReply.Refused limited)
    {
        var text = limited.Detail.ToString();
        alerts.Tell(new AlertSignal.CostLimited(text));
        var actor = state.Ask?.User is { } user ? identity.Pseudonyms.Of(user) : AuditEvent.Unknown;
        audit.Record(new AuditEvent(AuditEventName.CostLimited, AuditOutcome.Refused, actor, text) { RequestId = state.RequestId });
    }

    private static string Route(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? Unmatched;

    private static string Method(string method) => method is "GET" or "POST" or "PATCH" or "DELETE" or "OPTIONS" or "HEAD" or "PUT" ? method : OtherMethod;
}
