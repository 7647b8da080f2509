namespace Maestra.Backend.Sync;

/// <summary>Log lines about the exchange with peers. Event ids 1700–1749, never used again for something else. Never message text.</summary>
internal static partial class SyncTelemetry
{
    [LoggerMessage(1700, LogLevel.Warning, "Sync with {Peer} failed: {Reason}; it is tried again")]
    public static partial void RoundFailed(this ILogger logger, string peer, string reason);

    [LoggerMessage(1701, LogLevel.Information, "Sync with {Peer} works again")]
    public static partial void RoundWorksAgain(this ILogger logger, string peer);

    [LoggerMessage(1702, LogLevel.Error, "Sync with {Peer} is suspended: origin {Origin} holds different operations under one number on the two sides")]
    public static partial void Suspended(this ILogger logger, string peer, string origin);

    [LoggerMessage(1703, LogLevel.Warning, "This store was restored from a backup: peer {Peer} holds more of its operations than it does itself; it goes on in new origins")]
    public static partial void Restored(this ILogger logger, string peer);

    [LoggerMessage(1704, LogLevel.Information, "{Count} operations beyond a hole in a stream of this store were issued again")]
    public static partial void Reissued(this ILogger logger, int count);

    [LoggerMessage(1705, LogLevel.Warning, "The list of peers cannot be read: {Reason}")]
    public static partial void PeersUnreadable(this ILogger logger, string reason);

    [LoggerMessage(1706, LogLevel.Information, "{Count} messages of the earlier system's payload were taken over from {Peer}")]
    public static partial void EarlierPayload(this ILogger logger, int count, string peer);

    [LoggerMessage(1707, LogLevel.Error, "A round with {Peer} ended with an unexpected error; it is tried again")]
    public static partial void RoundBroken(this ILogger logger, Exception error, string peer);

    [LoggerMessage(1708, LogLevel.Error, "Looking after the pairings ended with an unexpected error; it is tried again")]
    public static partial void LookBroken(this ILogger logger, Exception error);

    [LoggerMessage(1709, LogLevel.Warning, "Sync with {Peer} waits: it answers 429, and asks to come again in {Seconds} s")]
    public static partial void RoundLimited(this ILogger logger, string peer, int seconds);
}
