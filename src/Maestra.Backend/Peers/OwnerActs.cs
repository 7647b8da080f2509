using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Audit;

namespace Maestra.Backend.Peers;

/// <summary>
/// Acts of owners at a command line. The audit is written by the running backend alone, so a command leaves a note with the pairings,
/// and the backend, of several replicas one, accounts for it at its next look or its next start.
/// </summary>
internal sealed class OwnerActs(IPeerStore store, IAuditTrail audit)
{
    private const int IdBytes = 8;

    /// <param name="happened">One of <see cref="AuditEventName"/>.</param>
    public static OwnerActRecord New(string happened, string subject, string command, IdSource ids, TimeProvider time) => new()
    {
        Id = ids.NewHex(IdBytes),
        At = time.GetUtcNow(),
        Event = happened,
        Subject = subject,
        Command = command,
    };

    /// <summary>Takes what commands left and accounts for it.</summary>
    public async Task<StoreFailure?> TellAsync(CancellationToken cancellationToken)
    {
        var (seen, failure) = await store.ReadAsync(cancellationToken);
        if (seen is null || PeerRules.Acts(seen).Count == 0)
            return failure;
        (var acts, failure) = await store.ChangeAsync(static state => (state with { Acts = [] }, PeerRules.Acts(state)), cancellationToken);
        foreach (var act in acts ?? [])
        {
            audit.Record(new AuditEvent(act.Event, AuditOutcome.Ok, AuditEvent.System, act.Subject)
            {
                Details = [AuditDetail.Of("command", act.Command), AuditDetail.Of("at", WireTime.Format(act.At))],
            });
        }

        return failure;
    }
}
