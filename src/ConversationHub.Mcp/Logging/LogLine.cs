using System.Buffers;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Texts;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Logging;

/// <summary>One line of the log, in the forms of wire.md §11.</summary>
internal sealed record LogLine(
    DateTimeOffset Time, LogLevel Level, string Category, int EventId, string Message, Exception? Exception)
{
    private const string Service = "conversation-hub-mcp";

    internal string ToText()
    {
        var text = $"{WireTime.Format(Time)} {LevelName} {EventId} {Category}: {DisplayText.Clean(Message)}";
        return Exception is null ? text : $"{text} | {ExceptionText}";
    }

    internal string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("timestamp", WireTime.Format(Time));
            writer.WriteString("level", LevelName);
            writer.WriteString("service", Service);
            writer.WriteString("message", DisplayText.Clean(Message));
            writer.WriteNumber("event_id", EventId);
            writer.WriteString("category", Category);
            if (Exception is not null)
                writer.WriteString("error", ExceptionText);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>What the SDK reports is caused by what a client sent, so its stack tells an owner nothing.</summary>
    private string ExceptionText => DisplayText.Clean(
        Category.StartsWith("ModelContextProtocol", StringComparison.Ordinal)
            ? $"{Exception!.GetType().Name}: {Exception.Message}"
            : Exception!.ToString());

    private string LevelName => Level switch
    {
        LogLevel.Trace or LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARNING",
        _ => "ERROR",
    };
}
