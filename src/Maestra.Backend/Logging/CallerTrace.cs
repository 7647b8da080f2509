using System.Diagnostics;

namespace Maestra.Backend.Logging;

/// <summary>The trace that a request came in (W3C Trace Context). The server has put it around the request and all the work begun by it.</summary>
internal static class CallerTrace
{
    /// <returns>32 hex digits; null when the caller named no trace, or a malformed one, and none is exported: what is made up here would tell nobody anything.</returns>
    public static string? Id(Activity? activity) =>
        activity is { IdFormat: ActivityIdFormat.W3C } && (activity.ParentId is not null || activity.Recorded) && activity.TraceId != default ? activity.TraceId.ToHexString() : null;
}
