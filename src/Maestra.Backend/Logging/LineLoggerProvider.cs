using ConversationHub.Contracts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Logging;

/// <summary>Writes one line for each log entry to standard error, as text or as JSON (wire.md §11).</summary>
internal sealed class LineLoggerProvider(LogForm form, TextWriter output, TimeProvider time) : ILoggerProvider
{
    private readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
        // The writer belongs to the process.
    }

    private void Write(LogEntry entry)
    {
        var line = form == LogForm.Json ? JsonLogLine.Format(entry) : TextLogLine.Format(entry);
        lock (_gate)
            output.WriteLine(line);
    }

    private sealed class LineLogger(LineLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The filter of the factory has decided already.
        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var fields = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
            owner.Write(new LogEntry(
                WireTime.Format(owner.Now), logLevel, eventId.Id, category, LogText.Clean(formatter(state, exception)), fields, exception));
        }
    }

    private DateTimeOffset Now => time.GetUtcNow();
}
