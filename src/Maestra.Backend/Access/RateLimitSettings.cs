using Maestra.Backend.Settings;

namespace Maestra.Backend.Access;

/// <summary>Limits on use (wire.md §8).</summary>
/// <param name="Limit">Null: requests are not limited.</param>
internal sealed record RateLimitSettings(RateLimit? Limit)
{
    public const int DefaultRequests = 100;
    public const int DefaultWindowSeconds = 60;
    private const int MaxRequests = 1_000_000;
    private const int MaxWindowSeconds = 86_400;

    /// <summary>Peers behind one address that may each use all of their own limit.</summary>
    private const int PeersOfAddress = 4;

    /// <summary>Of each peer's <c>/sync</c>, which no setting changes.</summary>
    public static readonly RateLimit Sync = new(240, TimeSpan.FromSeconds(60));

    /// <summary>Of all peers at one address together: the names come before their signatures are checked, so that anybody may make them up.</summary>
    public static readonly RateLimit SyncOfAddress = new(PeersOfAddress * Sync.Requests, Sync.Window);

    public static readonly RateLimitSettings Off = new((RateLimit?)null);

    public static RateLimitSettings Bind(SettingReader reader, BackendMode mode)
    {
        var isOn = reader.IsSet(SettingNames.RateLimitEnabled) ? reader.Flag(SettingNames.RateLimitEnabled) : mode == BackendMode.Cloud;
        var requests = reader.Integer(SettingNames.RateLimitRequests, 1, MaxRequests) ?? DefaultRequests;
        var seconds = reader.Integer(SettingNames.RateLimitWindow, 1, MaxWindowSeconds) ?? DefaultWindowSeconds;
        if (!isOn && mode == BackendMode.Cloud)
            reader.Warn($"{SettingNames.RateLimitEnabled} is false: requests are not limited; let a proxy in front limit them");
        return isOn ? new RateLimitSettings(new RateLimit(requests, TimeSpan.FromSeconds(seconds))) : Off;
    }
}
