namespace Maestra.Backend.Retention;

/// <summary>Log lines of retention: event ids 1400–1449.</summary>
internal static partial class RetentionTelemetry
{
    [LoggerMessage(1400, LogLevel.Information, "Retention erased {Count} conversations that nothing had touched for {Days} days")]
    public static partial void RetentionErased(this ILogger logger, int count, int days);

    [LoggerMessage(1401, LogLevel.Warning, "Retention erases nothing for now: the clock of this machine is {Hours} h ahead of the time this backend has seen pass. If it is right, retention goes on by itself")]
    public static partial void RetentionHeld(this ILogger logger, long hours);

    [LoggerMessage(1402, LogLevel.Warning, "Retention could not do its round, it will be tried again: {Reason}")]
    public static partial void RetentionFailed(this ILogger logger, string reason);

    [LoggerMessage(1404, LogLevel.Warning, "Retention erases {What} for now: conversations may have gone on at paired backends that were last synced with more than a day ago, or never: {Peers}. It goes on by itself once they are synced with; a pairing that is over is ended with peers remove")]
    public static partial void RetentionWaitsForPeers(this ILogger logger, string what, string peers);

    [LoggerMessage(1403, LogLevel.Error, "A round of retention ended with an unexpected error; it is tried again")]
    public static partial void RetentionBroken(this ILogger logger, Exception error);
}
