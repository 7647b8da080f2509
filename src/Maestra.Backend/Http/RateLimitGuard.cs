using Maestra.Backend.Access;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Http;

/// <summary>
/// Limits requests per key, or per address where there is none (wire.md §8). <c>/sync</c> has a partition of its own for each peer,
/// told by the id it names and the address it comes from, so that nobody elsewhere can spend what is the peer's.
/// </summary>
internal sealed class RateLimitGuard(RequestDelegate next, BackendSettings settings, RateLimiter limiter, AccessLog log, TimeProvider time)
{
    private const string PeerHeader = "X-Maestra-Backend";
    private const int MaxPeerCharacters = 64;

    public async Task InvokeAsync(HttpContext context)
    {
        if (settings.RateLimit.Limit is not { } ofKeys || PathAccessRules.Of(context.Request.Path) == PathAccess.Open)
        {
            await next(context);
            return;
        }

        var state = RequestState.Of(context);
        var isSync = context.Request.Path == PathAccessRules.Sync;
        var limit = isSync ? RateLimitSettings.Sync : ofKeys;
        var partition = isSync ? PeerPartition(context, state) : state.KeyPartition ?? "address:" + ClientAddress.CountedAs(state.Address);
        var verdict = await limiter.CountAsync(partition, limit, context.RequestAborted);
        RateHeaders.Write(context.Response.Headers, verdict, limit, time.GetUtcNow());
        if (verdict.IsAdmitted)
        {
            await next(context);
            return;
        }

        log.RateLimited(state, partition, verdict);
        await ReplyWriter.WriteAsync(context, Refusals.RateLimited(verdict.LeftSeconds));
    }

    private static string PeerPartition(HttpContext context, RequestState state)
    {
        var named = context.Request.Headers[PeerHeader].ToString();
        var peer = named.Length <= MaxPeerCharacters && named.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_') ? named : "";
        return $"sync:{peer}@{ClientAddress.CountedAs(state.Address)}";
    }
}
