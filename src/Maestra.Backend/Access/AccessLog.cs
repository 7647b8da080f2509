using System.Net;
using Maestra.Backend.Audit;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Metrics;

namespace Maestra.Backend.Access;

/// <summary>Accounts for what was refused: metrics count everything, log and audit are told of the first in a window, so that no flood fills them. Thread-safe.</summary>
internal sealed class AccessLog(
    BackendMeter meter, IAuditTrail audit, BackendIdentity identity, TimeProvider time, ILogger<AccessLog> logger)
{
    private readonly RateWindowTable _told = new(time);

    /// <param name="closes">With this failure the address is refused for a while.</param>
    public void KeyFailed(RequestState state, bool closes)
    {
        var address = ClientAddress.CountedAs(state.Address);
        audit.Record(new AuditEvent(AuditEventName.AuthFailed, AuditOutcome.Refused, AuditEvent.Unknown, address) { RequestId = state.RequestId });
        if (closes)
            logger.AddressRefused(address, FailedKeys.Limit.Requests, (int)FailedKeys.Limit.Window.TotalSeconds);
    }

    public void AddressRefused(RequestState state, IPAddress address) => Refused(state, "failed-keys:" + ClientAddress.CountedAs(address), FailedKeys.Limit.Window);

    public void RateLimited(RequestState state, string partition, RateVerdict verdict) => Refused(state, partition, verdict.Left);

    private void Refused(RequestState state, string partition, TimeSpan window)
    {
        var kind = partition[..partition.IndexOf(':', StringComparison.Ordinal)];
        meter.RateLimited(kind);
        if (!_told.CountOne(partition, new RateLimit(1, window)).IsAdmitted)
            return;
        var actor = state.KeyOwner is { User: { } user } ? identity.Pseudonyms.Of(user) : ClientAddress.CountedAs(state.Address);
        logger.RateLimited(kind, actor, state.RequestId);
        audit.Record(new AuditEvent(AuditEventName.RateLimited, AuditOutcome.Refused, actor, kind) { RequestId = state.RequestId });
    }
}
