using System.Text;
using Maestra.Backend.Files;

namespace Maestra.Backend.Audit;

/// <summary><c>audit.log</c>, one record a line, on the disk before a delivery counts.</summary>
/// <param name="claim">Held as long as this process writes the file.</param>
internal sealed class FileSink(RotatingFile file, IDisposable claim) : IAuditSink, IDisposable
{
    public const long MaxFileBytes = 16 * 1024 * 1024;
    public const int MaxFiles = 8;
    public const string SinkName = "file";

    public string Name => SinkName;

    public Task<string?> DeliverAsync(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
    {
        try
        {
            file.Append(AuditLines.Of(records), toDisk: true);
            return Task.FromResult<string?>(null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Task.FromResult<string?>(e.Message);
        }
    }

    public void Dispose()
    {
        file.Dispose();
        claim.Dispose();
    }
}

/// <summary>Records as lines.</summary>
internal static class AuditLines
{
    public static byte[] Of(IReadOnlyList<AuditRecord> records)
    {
        var lines = new StringBuilder();
        foreach (var record in records)
            lines.Append(record.Json).Append('\n');
        return Encoding.UTF8.GetBytes(lines.ToString());
    }
}
