using ConversationHub.Store.Import;

namespace Maestra.Backend.Audit;

/// <summary>Event <c>import_done</c>: how many files of the earlier backend were taken over, and how many could not be.</summary>
internal static class ImportAudit
{
    private const string Subject = "conversations";

    public static AuditEvent Of(ImportReport report) => new(
        AuditEventName.ImportDone, report.Damaged.Count == 0 && !report.IsUnfinished ? AuditOutcome.Ok : AuditOutcome.Failed, AuditEvent.System, Subject)
    {
        Details =
        [
            AuditDetail.Of("imported", report.Imported),
            AuditDetail.Of("skipped", report.Skipped),
            AuditDetail.Of("damaged", report.Damaged.Count),
            AuditDetail.Of("operations", report.Operations),
        ],
    };
}
