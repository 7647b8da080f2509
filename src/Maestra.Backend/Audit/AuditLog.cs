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
