using Maestra.Backend.Access;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Http;

/// <summary>
/// Limits requests per key, or per address where there is none (wire.md §8). <c>/sync</c> has a partition of its own for each peer,
/// told by the id it names and the address it comes from, so that nobody elsewhere can spend what is the peer's; and one for each
/// address, since a name that nobody has checked must not give its sender a new count.
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
        var (partition, limit, verdict) = context.Request.Path == PathAccessRules.Sync
            ? await CountSyncAsync(context, "@" + ClientAddress.CountedAs(state.Address))
            : await CountAsync(state.KeyPartition ?? "address:" + ClientAddress.CountedAs(state.Address), ofKeys, context);
        RateHeaders.Write(context.Response.Headers, verdict, limit, time.GetUtcNow());
        if (verdict.IsAdmitted)
        {
            await next(context);
            return;
        }

        log.RateLimited(state, partition, verdict);
        await ReplyWriter.WriteAsync(context, Refusals.RateLimited(verdict.LeftSeconds));
    }

    private async Task<(string Partition, RateLimit Limit, RateVerdict Verdict)> CountSyncAsync(HttpContext context, string address)
    {
        var ofAddress = await CountAsync("sync:" + address, RateLimitSettings.SyncOfAddress, context);
        return ofAddress.Verdict.IsAdmitted ? await CountAsync($"sync:{NamedPeer(context)}{address}", RateLimitSettings.Sync, context) : ofAddress;
    }

    private async Task<(string Partition, RateLimit Limit, RateVerdict Verdict)> CountAsync(string partition, RateLimit limit, HttpContext context) =>
        (partition, limit, await limiter.CountAsync(partition, limit, context.RequestAborted));

    private static string NamedPeer(HttpContext context)
    {
        var named = context.Request.Headers[PeerHeader].ToString();
        return named.Length is > 0 and <= MaxPeerCharacters && named.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_') ? named : "nobody";
    }
}
