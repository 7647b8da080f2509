using ConversationHub.Store;

namespace Maestra.Backend.Access;

/// <summary>
/// Counts requests: with all replicas where there is a database, by its clock; alone where there is none or while it cannot be reached,
/// going on from what was counted together. Never lets everything pass, never refuses everything. Thread-safe.
/// </summary>
internal sealed class RateLimiter(RateWindowTable local, ISharedRateWindows? shared)
{
    public async ValueTask<RateVerdict> CountAsync(string partition, RateLimit limit, CancellationToken cancellationToken)
    {
        if (shared is null)
            return local.CountOne(partition, limit);

        // A spent window stays spent until its end: that needs no answer of the database, which a flood must not reach.
        if (local.FindRefusal(partition, limit) is { } refusal)
            return refusal;
        if (await shared.CountAsync(partition, limit.Requests, limit.Window, cancellationToken) is not { } window)
            return local.CountOne(partition, limit);
        local.Adopt(partition, window.Count, window.Left);
        return new RateVerdict(window.IsAdmitted, limit.Requests, Math.Max(0, limit.Requests - window.Count), window.Left);
    }
}
