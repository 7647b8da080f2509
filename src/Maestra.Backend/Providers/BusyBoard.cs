using System.Collections.Concurrent;

namespace Maestra.Backend.Providers;

/// <summary>Which providers asked for patience, and until when. The only holder of that state; as many entries as providers.</summary>
internal sealed class BusyBoard(TimeProvider time)
{
    /// <summary>No provider is left alone for longer than this, whatever it says (design.md §4).</summary>
    public const int HoldMaxSeconds = 60;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _until = new(StringComparer.Ordinal);

    /// <returns>Seconds that are left, rounded up; null when it may be asked.</returns>
    public int? SecondsLeft(string provider)
    {
        if (!_until.TryGetValue(provider, out var until))
            return null;
        var left = (until - time.GetUtcNow()).TotalSeconds;
        return left > 0 ? (int)Math.Ceiling(left) : null;
    }

    public void Hold(string provider, int seconds) =>
        _until[provider] = time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(seconds, HoldMaxSeconds));
}
