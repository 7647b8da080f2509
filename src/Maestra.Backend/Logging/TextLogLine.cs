using System.Globalization;

namespace Maestra.Backend.Logging;

/// <summary>The form for people: time, level, event, message, and the exception on the same line.</summary>
internal static class TextLogLine
{
    public static string Format(LogEntry entry)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{entry.Timestamp} {entry.LevelName,-7} {entry.EventId} {entry.Message}");
        if (entry.TraceId is not null)
            line += $" (trace_id {entry.TraceId})";
        return entry.Exception is null ? line : $"{line} | {LogText.Clean(entry.Exception.ToString())}";
    }
}
