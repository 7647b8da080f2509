using System.Diagnostics;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Logging;

/// <summary>Makes one line of each log entry, as text or as JSON (wire.md §11).</summary>
/// <param name="write">Takes the lines. Thread-safe.</param>
internal sealed class LineLoggerProvider(LogForm form, Action<string> write, TimeProvider time) : ILoggerProvider
{
    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
        // The output belongs to who gave it.
    }

    private void Write(LogEntry entry)
    {
        write(form == LogForm.Json ? JsonLogLine.Format(entry) : TextLogLine.Format(entry));
    }

    private sealed class LineLogger(LineLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The filter of the factory has decided already.
        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // A start that was told to end is no failure, and the framework calls it one.
            if (exception is OperationCanceledException && category == HostCategory)
                return;
            var fields = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
            owner.Write(new LogEntry(
                WireTime.Format(owner.Now), logLevel, eventId.Id, category, LogText.Clean(formatter(state, exception)), fields, exception,
                CallerTrace.Id(Activity.Current)));
        }
    }

    private DateTimeOffset Now => time.GetUtcNow();
}
