namespace Maestra.Backend.Logging;

/// <summary>What one line tells.</summary>
/// <param name="Fields">The values of the message's template, by name.</param>
/// <param name="TraceId">32 hex digits, when the request belongs to a trace of its caller.</param>
internal sealed record LogEntry(
    string Timestamp,
    LogLevel Level,
    int EventId,
    string Category,
    string Message,
    IReadOnlyList<KeyValuePair<string, object?>> Fields,
    Exception? Exception,
    string? TraceId = null)
{
    public object? Field(string name)
    {
        foreach (var (key, value) in Fields)
        {
            if (key == name)
                return value;
        }

        return null;
    }

    public string LevelName => Level switch
    {
        LogLevel.Trace or LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARNING",
        _ => "ERROR",
    };
}
