using Maestra.Backend.Settings;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Maestra.Backend.Listening;

/// <summary>What one connection, and all of them together, may take (wire.md §1.2). Slow clients are cut off, by the server's own clock.</summary>
/// <param name="Connections">
/// At once; the next is closed unheard, a health check too, so that this is far above what an honest load needs:
/// with 1,024, busy clients cut each other off at 1,600 connections. Each costs some ten kilobytes.
/// </param>
/// <param name="HeaderTime">From the first byte of a request to the end of its headers.</param>
/// <param name="IdleTime">Between two requests.</param>
internal sealed record ConnectionLimits(int Connections, TimeSpan HeaderTime, TimeSpan IdleTime)
{
    public const int LocalConnections = 4_096;
    public const int CloudConnections = 8_192;

    /// <summary>A body has 30 s to arrive, which the reader sees to; this ends what is slower still and nobody reads.</summary>
    private static readonly MinDataRate BodyRate = new(bytesPerSecond: 100, gracePeriod: TimeSpan.FromSeconds(35));

    /// <summary>
    /// A reader that takes less keeps a reply, and its memory, from ending. The server gives each piece of 64 KiB the time that it takes at this
    /// rate: half a minute, where its own 240 bytes a second would be four and a half.
    /// </summary>
    public MinDataRate ReplyRate { get; init; } = new(bytesPerSecond: 2_048, gracePeriod: TimeSpan.FromSeconds(5));

    public static ConnectionLimits For(BackendMode mode) => new(
        mode == BackendMode.Local ? LocalConnections : CloudConnections, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(120));

    public void Apply(KestrelServerLimits limits)
    {
        limits.MaxConcurrentConnections = Connections;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.RequestHeadersTimeout = HeaderTime;
        limits.KeepAliveTimeout = IdleTime;
        limits.MinRequestBodyDataRate = BodyRate;
        limits.MinResponseDataRate = ReplyRate;
    }
}
