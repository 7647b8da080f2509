using ConversationHub.Contracts;
using Maestra.Backend.Access;
using Maestra.Backend.Keys;
using Maestra.Backend.Settings;
using Maestra.Backend.Tokens;

namespace Maestra.Backend.Http;

/// <summary>
/// In cloud mode everything but health needs a key, or a token of the issuer, unknown paths included (wire.md §8);
/// two paths carry a peer's signature in its place.
/// </summary>
internal sealed class KeyGuard(RequestDelegate next, BackendSettings settings, KeyBoard keys, FailedKeys failed, AccessLog log, TimeProvider time)
{
    private const string BearerPrefix = "Bearer ";
    private const string ForwardedFor = "X-Forwarded-For";

    private readonly TokenReader? _tokens = settings.Tokens is { } tokens ? new TokenReader(tokens, time) : null;

    public Task InvokeAsync(HttpContext context)
    {
        var state = RequestState.Of(context);
        state.Address = ClientAddress.Of(
            context.Connection.RemoteIpAddress, context.Request.Headers[ForwardedFor], settings.TrustedProxies);
        return settings.Mode == BackendMode.Local || PathAccessRules.Of(context.Request.Path) == PathAccess.Signature
            ? next(context)
            : CheckAsync(context, state, isOpen: PathAccessRules.Of(context.Request.Path) == PathAccess.Open);
    }

    private async Task CheckAsync(HttpContext context, RequestState state, bool isOpen)
    {
        var isSent = TryFindKey(context.Request.Headers, out var key);
        if (isSent && failed.FindRefusal(state.Address) is { } seconds)
        {
            // Health goes on without telling what a key would open: it must not serve for guessing either.
            if (!isOpen)
                log.AddressRefused(state, state.Address);
            await (isOpen ? next(context) : ReplyWriter.WriteAsync(context, Refusals.TooManyFailedKeys(seconds)));
            return;
        }

        if (keys.Current.Find(key) is { } entry)
        {
            (state.KeyOwner, state.KeyPartition) = (entry.Owner, entry.Partition);
        }
        else if (_tokens is not null && await _tokens.FindOwnerAsync(key) is { } token)
        {
            (state.KeyOwner, state.KeyPartition) = (token.Owner, token.Partition);
        }
        else
        {
            await FailAsync(context, state, isSent, isOpen);
            return;
        }

        await next(context);
    }

    private async Task FailAsync(HttpContext context, RequestState state, bool isSent, bool isOpen)
    {
        var verdict = isSent ? failed.CountOne(state.Address) : (RateVerdict?)null;
        if (verdict is { IsAdmitted: true })
            log.KeyFailed(state, closes: verdict.Value.Remaining == 0);
        else if (verdict is not null && !isOpen)
            log.AddressRefused(state, state.Address);

        // Others failed while this one was looked at: it is told what any further guess is.
        if (isOpen)
            await next(context);
        else
            await ReplyWriter.WriteAsync(context, verdict is { IsAdmitted: false } spent ? Refusals.TooManyFailedKeys(spent.LeftSeconds) : Refusals.InvalidApiKey());
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
