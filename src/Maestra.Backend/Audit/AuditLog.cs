using System.Text.Json;
using System.Text.Json.Nodes;
using Maestra.Backend.Files;

namespace Maestra.Backend.Audit;

/// <summary>Reads what <see cref="FileSink"/> wrote.</summary>
internal static class AuditLog
{
    /// <summary>Hash of the last record, in whatever file it is.</summary>
    /// <returns><see cref="AuditRecord.NoHash"/> when there is none; also when the last line is no record, which the verification tells.</returns>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static string LastHash(string path)
    {
        foreach (var file in RotatingFile.Existing(path, FileSink.MaxFiles).Reverse())
        {
            if (File.ReadLines(file).LastOrDefault() is { } line)
                return TryParse(line)?[AuditRecord.HashField] is JsonValue hash && hash.TryGetValue<string>(out var text) ? text : AuditRecord.NoHash;
        }

        return AuditRecord.NoHash;
    }

    /// <summary>Operation ids of the erasures that the files account for.</summary>
    /// <param name="logger">Told when a file cannot be read: what it holds counts as absent, so that a record is written twice rather than never.</param>
    public static IReadOnlySet<string> ErasuresIn(string path, ILogger logger)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            foreach (var line in RotatingFile.Existing(path, FileSink.MaxFiles).SelectMany(File.ReadLines))
            {
                if (line.Contains(ArchiveAudit.OperationField, StringComparison.Ordinal)
                    && TryParse(line)?["details"] is JsonObject details && details[ArchiveAudit.OperationField] is JsonValue id && id.TryGetValue<string>(out var text))
                {
                    found.Add(text);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.AuditUnreadable(e.Message);
        }

        return found;
    }

    public static JsonObject? TryParse(string line)
    {
        try
        {
            return JsonNode.Parse(line, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
