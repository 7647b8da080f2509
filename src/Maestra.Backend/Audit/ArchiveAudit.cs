using Maestra.Backend.Conversations;
using Maestra.Backend.Erasures;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Audit;

/// <summary>Accounts for exports and erasures.</summary>
internal sealed class ArchiveAudit(IAuditTrail trail, ErasureAccounts accounts, BackendIdentity identity) : IArchiveObserver
{
    public const string OperationField = "operation_id";

    public Task ObserveAsync(ArchiveAct act, CancellationToken cancellationToken)
    {
        Record(act);
        return Task.CompletedTask;
    }

    public void Record(ArchiveAct act)
    {
        var details = new List<AuditDetail> { AuditDetail.Of("user", identity.Pseudonyms.Of(act.Owner)), AuditDetail.Of("count", act.Count) };
        if (act.OperationId is { } operation)
            details.Add(AuditDetail.Of(OperationField, operation.ToString()));
        if (act.IsRetention)
            details.Add(AuditDetail.Of("reason", "retention"));
        if (act.IsFoundLater)
            details.Add(AuditDetail.Of("reason", "found_later"));
        var happened = new AuditEvent(
            Name(act.Kind),
            act.IsComplete ? AuditOutcome.Ok : AuditOutcome.Failed,
            act.IsRetention || act.IsFoundLater ? AuditEvent.System : act.Peer ?? Actor(act.Request),
            act.ConversationId?.ToString() ?? identity.Pseudonyms.Of(act.Owner))
        {
            RequestId = act.Request.RequestId,
            Details = details,
        };
        if (act is { Kind: ArchiveActKind.ConversationErased or ArchiveActKind.UserErased, OperationId: { } erasure })
            accounts.NoteOnceKept(act.Owner, erasure, trail.RecordAsync(happened));
        else
            trail.Record(happened);
    }

    private static string Name(ArchiveActKind kind) => kind switch
    {
        ArchiveActKind.ConversationExported => AuditEventName.ConversationExported,
        ArchiveActKind.ConversationErased => AuditEventName.ConversationErased,
        ArchiveActKind.UserExported => AuditEventName.UserExported,
        ArchiveActKind.UserErased => AuditEventName.UserErased,
        _ => throw new InvalidOperationException($"Unknown act {kind}."),
    };

    /// <summary>The key's user; who owns all users; or, where no key is asked for, whoever sits at this machine.</summary>
    private string Actor(RequestState request) => request.KeyOwner switch
    {
        { User: { } user } => identity.Pseudonyms.Of(user),
        { } => AuditEvent.Owner,
        null => AuditEvent.LocalUser,
    };
}
