using Maestra.Backend.Hosting;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Logging;

/// <summary>Puts the log together: one line an entry, on standard error, at the level that was set.</summary>
internal static class BackendLogging
{
    public static ILoggerFactory CreateFactory(BackendSettings settings, BackendParts parts)
    {
        // The framework is heard when something is wrong; what it tells below that would bury the program's own lines.
        var filters = new LoggerFilterOptions { MinLevel = settings.LogLevel };
        foreach (var category in (string[])["Microsoft", "System"])
            filters.Rules.Add(new LoggerFilterRule(null, category, settings.LogLevel > LogLevel.Warning ? settings.LogLevel : LogLevel.Warning, null));
        return new LoggerFactory([new LineLoggerProvider(settings.LogForm, parts.WriteLog, parts.Time)], filters);
    }
}
