namespace Maestra.Backend.Erasures;

/// <summary>Event ids 1600–1649.</summary>
internal static partial class ErasureTelemetry
{
    [LoggerMessage(1600, LogLevel.Information, "{Count} erasures that this process was not told of were found in the store: their lines left the metrics file")]
    public static partial void ErasuresSettled(this ILogger logger, int count);

    [LoggerMessage(1601, LogLevel.Error, "A look for erasures in the store broke; the next one comes in seconds")]
    public static partial void ErasureSweepBroken(this ILogger logger, Exception exception);

    [LoggerMessage(1602, LogLevel.Warning, "{Path} cannot be written, so the next start looks through more erasures than it must: {Reason}")]
    public static partial void ErasurePlaceNotKept(this ILogger logger, string path, string reason);

    [LoggerMessage(1603, LogLevel.Warning, "{Path} cannot be read, so all erasures are looked through: {Reason}")]
    public static partial void ErasurePlaceUnreadable(this ILogger logger, string path, string reason);

    [LoggerMessage(1604, LogLevel.Warning, "An erasure is in the audit, and the store could not note it; another replica may account for it once more: {Reason}")]
    public static partial void ErasureNotAccounted(this ILogger logger, string reason);
}
