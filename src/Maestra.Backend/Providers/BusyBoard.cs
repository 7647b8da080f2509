using System.Collections.Concurrent;

namespace Maestra.Backend.Providers;

/// <summary>Which providers asked for patience, and until when. The only holder of that state; as many entries as providers.</summary>
internal sealed class BusyBoard(TimeProvider time)
{
    /// <summary>No provider is left alone for longer than this, whatever it says (design.md §4).</summary>
    public const int HoldMaxSeconds = 60;

    // By the monotonic clock: one that is set back by a day would make a minute a day.
    private readonly ConcurrentDictionary<string, (long Since, TimeSpan For)> _held = new(StringComparer.Ordinal);

    /// <returns>Seconds that are left, rounded up; null when it may be asked.</returns>
    public int? SecondsLeft(string provider)
    {
        if (!_held.TryGetValue(provider, out var held))
            return null;
        var left = (held.For - time.GetElapsedTime(held.Since)).TotalSeconds;
        return left > 0 ? (int)Math.Ceiling(left) : null;
    }

    public void Hold(string provider, int seconds) =>
        _held[provider] = (time.GetTimestamp(), TimeSpan.FromSeconds(Math.Min(seconds, HoldMaxSeconds)));
}
