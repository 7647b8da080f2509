using System.Collections.Concurrent;
using ConversationHub.Mcp.Settings;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;

namespace ConversationHub.Mcp.Logging;

/// <summary>
/// Writes log lines to standard error, one write a line, behind a bounded queue that is emptied before the end. The framework's console
/// logger writes to standard output by default, and its queue makes whoever logs wait when nobody reads.
/// </summary>
internal sealed class StderrLoggerProvider(TextWriter stderr, TimeProvider time, HubSettings settings) : ILoggerProvider
{
    private readonly ConcurrentDictionary<string, StderrLogger> _loggers = new();
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMilliseconds(100);

    private readonly StderrQueue _queue = new(stderr);

    public ILogger CreateLogger(string categoryName) => _loggers.GetOrAdd(categoryName, name => new StderrLogger(this, name));

    /// <summary>Standard error belongs to the process and stays open for its last words.</summary>
    public void Dispose() => Drain(DrainLimit);

    /// <inheritdoc cref="StderrQueue.Drain"/>
    internal void Drain(TimeSpan atMost) => _queue.Drain(atMost);

    private void Write(LogLine line) => _queue.Add(settings.LogAsJson ? line.ToJson : line.ToText);

    private sealed class StderrLogger(StderrLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // A cancelled call is the client's wish, and a protocol error has been answered; the SDK warns of both
            // with a stack of thirty lines.
            if (exception is OperationCanceledException or McpProtocolException)
                return;
            provider.Write(new LogLine(provider.Now, logLevel, category, eventId.Id, formatter(state, exception), exception));
        }
    }

    private DateTimeOffset Now => time.GetUtcNow();
}
