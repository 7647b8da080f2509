using Microsoft.Extensions.Logging;

namespace ConversationHub.Testing.Logging;

/// <summary>One log record as a test sees it.</summary>
/// <param name="Properties">The structured values, without <c>{OriginalFormat}</c>.</param>
public sealed record LogRecord(
    string Category,
    LogLevel Level,
    EventId Event,
    string Message,
    IReadOnlyList<KeyValuePair<string, object?>> Properties,
    Exception? Exception)
{
    public override string ToString() => $"{Level} {Category}[{Event.Id}] {Message} {Exception?.Message}";
}

/// <summary>Keeps what is logged, at every level, awaitable through <see cref="Records"/>. One for all categories, made by <see cref="CapturingLoggerFactory"/>.</summary>
public sealed class CapturingLogger(string category, Journal<LogRecord> records) : ILogger
{
    public CapturingLogger()
        : this("test", new Journal<LogRecord>())
    {
    }

    public Journal<LogRecord> Records { get; } = records;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        var properties = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
        Records.Add(new LogRecord(
            category,
            logLevel,
            eventId,
            formatter(state, exception),
            [.. properties.Where(property => property.Key != "{OriginalFormat}")],
            exception));
    }
}
