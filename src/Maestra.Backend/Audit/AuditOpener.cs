using ConversationHub.Contracts;
using Maestra.Backend.Files;
using Maestra.Backend.Metrics;
using Maestra.Backend.Outside;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Audit;

/// <summary>Opens the sinks that the settings name, and continues the chain that an earlier run left in the file.</summary>
internal static class AuditOpener
{
    /// <summary>Records a delivery to the file, or to standard output, may hold; over the network each goes by itself.</summary>
    private const int LocalBatch = 128;

    /// <param name="output">Standard output.</param>
    /// <returns>Null, and why, when the file cannot be used.</returns>
    public static AuditParts? TryOpen(
        AuditSettings settings, Func<Stream> output, BackendMeter meter, IdSource ids, TimeProvider time, ILogger logger, out string? refused)
    {
        refused = null;
        var last = AuditRecord.NoHash;
        var queues = new List<AuditQueue>();
        if (settings.File is { } path)
        {
            if (TryOpenFile(path, logger, out last, out refused) is not { } file)
                return null;
            Add(file, LocalBatch);
        }

        if (settings.Stdout)
            Add(new StdoutSink(output()), LocalBatch);
        if (settings.Webhook is { } webhook)
            Add(new WebhookSink(OutsideClient.Create(), webhook), 1);
        if (settings is { Splunk: { } splunk, SplunkToken: { } token })
            Add(new SplunkSink(OutsideClient.Create(), splunk, token, Environment.MachineName), 1);
        return new AuditParts(new AuditTrail(queues, last, ids, time), queues);

        void Add(IAuditSink sink, int batch) => queues.Add(new AuditQueue(sink, batch, meter, time, logger));
    }

    private static FileSink? TryOpenFile(string path, ILogger logger, out string last, out string? refused)
    {
        last = AuditRecord.NoHash;
        refused = null;
        IDisposable? claim = null;
        try
        {
            claim = FileClaim.TryTake(path);
            if (claim is null)
            {
                refused = $"{path} is written by another process; stop it, or set MAESTRA_STATE_ROOT to another folder";
                return null;
            }

            // Opening cuts a torn last line off, so the last hash is read after it.
            var file = RotatingFile.Open(path, FileSink.MaxFileBytes, FileSink.MaxFiles);
            if (file.TornBytes > 0)
                logger.AuditTailCut(file.TornBytes);
            last = AuditLog.LastHash(path);
            return new FileSink(file, claim);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            claim?.Dispose();
            refused = $"{path} cannot be written: {e.Message} Give this user the right to, or set AUDIT_LOG_TO_FILE=false.";
            return null;
        }
    }
}

/// <summary>The trail and the queues behind it.</summary>
internal sealed record AuditParts(AuditTrail Trail, IReadOnlyList<AuditQueue> Queues) : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await Task.WhenAll(Queues.Select(static queue => queue.DisposeAsync().AsTask()));
}
