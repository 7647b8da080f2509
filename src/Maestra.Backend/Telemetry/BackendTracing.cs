using System.Diagnostics;
using ConversationHub.Contracts;

namespace Maestra.Backend.Telemetry;

/// <summary>The spans of this program. Nothing is made unless somebody collects them. Never a path, a user or a text in one.</summary>
internal static class BackendTracing
{
    public const string SourceName = "Maestra.Backend";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>The span of one request, a child of its caller's when it came with one (W3C Trace Context).</summary>
    /// <returns>Null when nobody collects; else to be ended with the request.</returns>
    public static RequestSpan? StartRequest(HttpRequest request)
    {
        if (!Source.HasListeners())
            return null;
        ActivityContext.TryParse(request.Headers[HeaderNames.TraceParent], request.Headers[HeaderNames.TraceState], isRemote: true, out var caller);

        // The server's own activity is not collected: as a parent it would be a hole in the trace.
        var outer = Activity.Current;
        Activity.Current = null;
        return new RequestSpan(Source.StartActivity(request.Method, ActivityKind.Server, caller), outer);
    }

    /// <summary>A part of a request.</summary>
    /// <returns>Null when nobody collects.</returns>
    public static Activity? Start(string name, ActivityKind kind) => Source.StartActivity(name, kind);
}

/// <summary>The span of one request, and what was current before it.</summary>
internal sealed class RequestSpan(Activity? span, Activity? outer)
{
    private const int FirstFailure = 500;

    public void End(string method, string route, int status, string? code)
    {
        if (span is not null)
        {
            span.DisplayName = $"{method} {route}";
            span.SetTag("http.request.method", method);
            span.SetTag("http.route", route);
            span.SetTag("http.response.status_code", status);
            if (code is not null)
                span.SetTag("error.type", code);
            if (status >= FirstFailure)
                span.SetStatus(ActivityStatusCode.Error);
            span.Dispose();
        }

        Activity.Current = outer;
    }
}
