using ConversationHub.Contracts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Http;

/// <summary>In cloud mode everything but <c>/health</c> needs a key, unknown paths included (wire.md §8).</summary>
internal sealed class KeyGuard(RequestDelegate next, BackendSettings settings)
{
    private const string BearerPrefix = "Bearer ";

    public Task InvokeAsync(HttpContext context)
    {
        if (settings.Mode == BackendMode.Local)
            return next(context);

        var owner = settings.Keys.FindOwner(SentKey(context.Request.Headers));
        RequestState.Of(context).KeyOwner = owner;
        return owner is null && !IsOpen(context.Request.Path)
            ? ReplyWriter.WriteAsync(context, Refusals.InvalidApiKey())
            : next(context);
    }

    /// <summary>Those who ask whether the backend is well carry no key.</summary>
    private static bool IsOpen(PathString path) => path == Routes.Health || path == Routes.HealthLive || path == Routes.HealthReady;

    private static string? SentKey(IHeaderDictionary headers)
    {
        var key = headers[HeaderNames.ApiKey];
        if (key.Count > 0)
            return key.Count == 1 ? key[0] : null;
        var bearer = headers.Authorization;
        return bearer.Count == 1 && bearer[0] is { } value && value.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)
            ? value[BearerPrefix.Length..].Trim()
            : null;
    }
}
