using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Logging;

/// <summary>The form for machines: one JSON object with the fields of wire.md §11.</summary>
internal static class JsonLogLine
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Format(LogEntry entry)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("timestamp", entry.Timestamp);
            writer.WriteString("level", entry.LevelName);
            writer.WriteString("service", WireFormat.ServiceName);
            writer.WriteString("request_id", Text(entry.Field(LogFields.RequestId)));
            writer.WriteString("user_id", Text(entry.Field(LogFields.UserPseudonym)));
            writer.WriteString("message", entry.Message);
            if (entry.Field(LogFields.DurationMs) is long duration)
                writer.WriteNumber("duration_ms", duration);
            else
                writer.WriteNull("duration_ms");
            writer.WriteNumber("event_id", entry.EventId);
            writer.WriteString("category", entry.Category);
            if (entry.TraceId is { } trace)
                writer.WriteString("trace_id", trace);
            if (entry.Exception is not null)
                writer.WriteString("error", LogText.Clean(entry.Exception.ToString()));
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private static string? Text(object? value) =>
        value is null ? null : LogText.Clean(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
}
