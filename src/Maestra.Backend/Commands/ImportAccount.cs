using ConversationHub.Store.Import;
using Maestra.Backend.Audit;
using Maestra.Backend.Hosting;
using Maestra.Backend.Metrics;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Commands;

/// <summary>Puts an import by command into the audit, as the server does with the one at its first start: no server runs over the same store meanwhile.</summary>
internal static class ImportAccount
{
    public static async Task WriteAsync(ImportReport report, BackendSettings settings, BackendParts parts, TextWriter error, ILogger logger)
    {
        if (report.Imported == 0 && report.Damaged.Count == 0)
            return;
        using var meter = new BackendMeter();
        // What stdout is to a server, stderr is to a command: its stdout is its result.
        var audit = AuditOpener.TryOpen(settings.Signals.Audit, Console.OpenStandardError, meter, parts.Ids, parts.Time, logger, out var refused);
        if (audit is null)
        {
            // The import is done and durable; that nobody accounts for it is said and no more.
            await error.WriteLineAsync($"maestra-backend store: the import is not in the audit: {refused}");
            return;
        }

        await using (audit)
            audit.Trail.Record(ImportAudit.Of(report));
    }
}
