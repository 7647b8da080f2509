using Maestra.Backend.Access;
using Maestra.Backend.Settings;
using Microsoft.Net.Http.Headers;

namespace Maestra.Backend.Http;

/// <summary>
/// Host and Origin (wire.md §8): a web page that a developer happens to visit must not reach the backend on their machine,
/// neither directly nor through a name that resolves to 127.0.0.1 (DNS rebinding).
/// </summary>
internal sealed class HostAndOriginGuard(RequestDelegate next, BackendSettings settings)
{
    private const string SecFetchSite = "Sec-Fetch-Site";
    private const string AllowedMethods = "GET, POST, PATCH, DELETE";
    private const string AllowedHeaders = "Content-Type, Idempotency-Key, X-API-Key, Authorization, X-Deadline-Ms, X-Request-ID, traceparent, tracestate";
    private const string ExposedHeaders = "X-Request-ID, Retry-After, "
        + $"{RateHeaders.Limit}, {RateHeaders.Remaining}, {RateHeaders.Reset}, {RateHeaders.Policy}, {RateHeaders.OldLimit}, {RateHeaders.OldRemaining}, {RateHeaders.OldReset}";

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (settings.Mode == BackendMode.Local && !IsLoopbackName(request.Host))
            return ReplyWriter.WriteAsync(context, Refusals.HostRefused());

        var origins = request.Headers.Origin;
        if (origins.Count == 0)
        {
            // An image, a link or a frame of a foreign page comes without Origin; browsers tell by this header, which no page can set.
            return settings.Mode == BackendMode.Local && IsOfAForeignPage(request.Headers)
                ? ReplyWriter.WriteAsync(context, Refusals.OriginRefused())
                : next(context);
        }

        if (origins.Count != 1 || origins[0] is not { } origin || !settings.CorsOrigins.Contains(origin))
        {
            // In cloud mode the key decides; a page without a grant cannot read the answer.
            return settings.Mode == BackendMode.Local ? ReplyWriter.WriteAsync(context, Refusals.OriginRefused()) : next(context);
        }

        Grant(context.Response.Headers, origin);
        if (HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey(HeaderNames.AccessControlRequestMethod))
            return AnswerPreflight(context.Response);
        return next(context);
    }

    private static bool IsLoopbackName(HostString host) =>
        host.HasValue && (host.Host is "127.0.0.1" or "[::1]" || host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase));

    /// <summary>Fetch Metadata (W3C): <c>same-origin</c> and <c>none</c>, typed by the user, are no page's doing elsewhere.</summary>
    private static bool IsOfAForeignPage(IHeaderDictionary headers)
    {
        var site = headers[SecFetchSite];
        return site.Count > 0 && !(site.Count == 1 && site[0] is "same-origin" or "none");
    }

    private static void Grant(IHeaderDictionary headers, string origin)
    {
        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlExposeHeaders = ExposedHeaders;
        headers.Vary = HeaderNames.Origin;
    }

    private static Task AnswerPreflight(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.AccessControlAllowMethods = AllowedMethods;
        response.Headers.AccessControlAllowHeaders = AllowedHeaders;
        return response.StartAsync();
    }
}
