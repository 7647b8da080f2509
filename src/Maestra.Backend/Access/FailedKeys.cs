using System.Net;

namespace Maestra.Backend.Access;

/// <summary>
/// Ends guessing (wire.md §8): after 20 failed keys from one address in 60 s it is refused until the window ends, a right key included,
/// since an answer would tell that it was right. A request without any key is no guess. Each replica counts for itself. Thread-safe.
/// </summary>
internal sealed class FailedKeys(TimeProvider time)
{
    public static readonly RateLimit Limit = new(20, TimeSpan.FromSeconds(60));

    private readonly RateWindowTable _windows = new(time);

    /// <returns>Seconds to wait when the address has failed too often; null when it may try.</returns>
    public int? FindRefusal(IPAddress address) => _windows.FindRefusal(ClientAddress.CountedAs(address), Limit)?.LeftSeconds;

    /// <summary>Counts a failure. Of many that come at once exactly those of the limit are admitted: the rest is refused as what comes later is.</summary>
    public RateVerdict CountOne(IPAddress address) => _windows.CountOne(ClientAddress.CountedAs(address), Limit);
}
