using Microsoft.Extensions.Logging;

namespace ConversationHub.Testing.Logging;

/// <summary>Gives every category a <see cref="CapturingLogger"/> onto the same <see cref="Records"/>. Also a provider, so that a host can be given it.</summary>
public sealed class CapturingLoggerFactory : ILoggerFactory, ILoggerProvider
{
    public Journal<LogRecord> Records { get; } = new();

    public ILogger CreateLogger(string categoryName) => new CapturingLogger(categoryName, Records);

    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("What is logged here stays here; add this factory as a provider instead.");

    public void Dispose()
    {
        // Holds nothing that must be released.
    }
}
