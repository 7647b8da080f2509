using Maestra.Backend.Access;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Http;

/// <summary>
/// <c>ENFORCE_HTTPS</c> (wire.md §8): plain requests are sent to https, health excepted; replies over https carry HSTS (RFC 6797).
/// TLS ends at a proxy, so that only a trusted one can tell that a request came over it. In local mode nothing leaves the machine.
/// </summary>
internal sealed class HttpsGuard(RequestDelegate next, BackendSettings settings)
{
    private const string ForwardedProto = "X-Forwarded-Proto";
    private const string OneYear = "max-age=31536000";

    public Task InvokeAsync(HttpContext context)
    {
        if (!settings.EnforceHttps)
            return next(context);
        if (IsHttps(context))
        {
            context.Response.Headers.StrictTransportSecurity = OneYear;
            return next(context);
        }

        if (PathAccessRules.Of(context.Request.Path) == PathAccess.Open)
            return next(context);
        var request = context.Request;
        // Without the port: that of the plain address is hardly the other one's.
        context.Response.Headers.Location = $"https://{new HostString(request.Host.Host).ToUriComponent()}{request.Path.ToUriComponent()}{request.QueryString.ToUriComponent()}";
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        context.Response.ContentLength = 0;
        // A 308 may be kept by any cache (RFC 9110 §15.4.9), and the host in it is whatever this client claimed.
        context.Response.Headers.CacheControl = "no-store";
        return Task.CompletedTask;
    }

    private bool IsHttps(HttpContext context)
    {
        if (context.Request.IsHttps)
            return true;
        var told = context.Request.Headers[ForwardedProto];
        if (told.Count != 1 || !ClientAddress.IsTrusted(context.Connection.RemoteIpAddress, settings.TrustedProxies))
            return false;

        // Of a list the last word is that of the proxy we know; those before may be the client's own.
        var last = told[0]!.Split(',')[^1].Trim();
        return last.Equals(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase);
    }
}
