namespace Maestra.Backend.Peers;

/// <summary>Log lines about identity, peers and signatures. Event ids 1500–1549, never used again for something else. Never a code, a token or a key.</summary>
internal static partial class PeerTelemetry
{
    [LoggerMessage(1500, LogLevel.Warning, "The key was changed: backend {OldId} is now {NewId}; both verify for seven days")]
    public static partial void IdentityRotated(this ILogger logger, string oldId, string newId);

    [LoggerMessage(1501, LogLevel.Error, "A peer in the list cannot be read and is left out: {BackendId}; take it out with maestra-backend peers remove, and pair anew")]
    public static partial void PeerUnreadable(this ILogger logger, string backendId);

    [LoggerMessage(1502, LogLevel.Warning, "Peer {BackendId} has changed its key and is going to be {NewId}: confirm it with maestra-backend peers confirm")]
    public static partial void PeerKeyAnnounced(this ILogger logger, string backendId, string newId);

    [LoggerMessage(1503, LogLevel.Error, "The list of peers cannot be read or written: {Reason}")]
    public static partial void PeerStoreFailed(this ILogger logger, string reason);
}
