using ConversationHub.Contracts;
using Maestra.Backend.Access;
using Maestra.Backend.Keys;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Http;

/// <summary>In cloud mode everything but health needs a key, unknown paths included (wire.md §8); two paths carry a peer's signature in its place.</summary>
internal sealed class KeyGuard(RequestDelegate next, BackendSettings settings, KeyBoard keys, FailedKeys failed, ILogger<KeyGuard> logger)
{
    private const string BearerPrefix = "Bearer ";
    private const string ForwardedFor = "X-Forwarded-For";

    public Task InvokeAsync(HttpContext context)
    {
        var state = RequestState.Of(context);
        state.Address = ClientAddress.Of(
            context.Connection.RemoteIpAddress, context.Request.Headers[ForwardedFor], settings.TrustedProxies);
        var access = PathAccessRules.Of(context.Request.Path);
        if (settings.Mode == BackendMode.Local || access == PathAccess.Signature)
            return next(context);

        var isSent = TryFindKey(context.Request.Headers, out var key);
        if (isSent && failed.FindRefusal(state.Address) is { } seconds)
        {
            // Health goes on without telling what a key would open: it must not serve for guessing either.
            return access == PathAccess.Open ? next(context) : ReplyWriter.WriteAsync(context, Refusals.TooManyFailedKeys(seconds));
        }

        if (keys.Current.Find(key) is { } entry)
        {
            state.KeyOwner = entry.Owner;
            state.KeyPartition = entry.Partition;
            return next(context);
        }

        if (isSent && failed.CountOne(state.Address))
            logger.AddressRefused(ClientAddress.CountedAs(state.Address), FailedKeys.Limit.Requests, (int)FailedKeys.Limit.Window.TotalSeconds);
        return access == PathAccess.Open ? next(context) : ReplyWriter.WriteAsync(context, Refusals.InvalidApiKey());
    }

    /// <returns>True when the request carries something in a key's place, right or wrong.</returns>
    private static bool TryFindKey(IHeaderDictionary headers, out string? key)
    {
        key = null;
        var given = headers[HeaderNames.ApiKey];
        var authorization = headers.Authorization;
        if (given.Count > 0)
            key = given.Count == 1 ? given[0] : null;
        else if (authorization.Count == 1 && authorization[0] is { } value && value.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase))
            key = value[BearerPrefix.Length..].Trim();
        return given.Count + authorization.Count > 0;
    }
}
