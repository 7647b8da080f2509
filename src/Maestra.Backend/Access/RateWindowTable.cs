namespace Maestra.Backend.Access;

/// <summary>
/// Windows of this process, by partition. When it is full the windows that are over leave, then those that end soonest:
/// their partitions get a new window early, which is the price of a bound. Thread-safe.
/// </summary>
internal sealed class RateWindowTable(TimeProvider time, int maxPartitions = RateWindowTable.MaxPartitions)
{
    public const int MaxPartitions = 65_536;

    /// <summary>Making room costs a pass over all; so much is made at once.</summary>
    private const int RoomShare = 8;

    /// <summary>Ends that differ by less belong to one window: longer than an answer of the database is waited for, shorter than a window worth counting.</summary>
    private static readonly TimeSpan SameWindow = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, RateWindow> _windows = new(StringComparer.Ordinal);
    private readonly long _start = time.GetTimestamp();

    public int Count
    {
        get
        {
            lock (_gate)
                return _windows.Count;
        }
    }

    /// <summary>Counts a request and says what becomes of it.</summary>
    public RateVerdict CountOne(string partition, RateLimit limit)
    {
        lock (_gate)
        {
            var now = Now;
            var (verdict, window) = RateRule.Count(_windows.TryGetValue(partition, out var held) ? held : null, now, limit);
            Put_NeedsLock(partition, window, now);
            return verdict;
        }
    }

    /// <summary>The refusal of a partition whose window is spent; null when another request may be admitted. Counts nothing.</summary>
    public RateVerdict? FindRefusal(string partition, RateLimit limit)
    {
        lock (_gate)
        {
            var now = Now;
            return _windows.TryGetValue(partition, out var held) && RateRule.IsSpent(held, now, limit)
                ? new RateVerdict(false, limit.Requests, 0, held.EndsAt - now < limit.Window ? held.EndsAt - now : limit.Window)
                : null;
        }
    }

    /// <summary>Remembers what others count together with this process, so that counting goes on here when they cannot be reached.</summary>
    public void Adopt(string partition, int count, TimeSpan left)
    {
        lock (_gate)
        {
            var now = Now;
            // Answers to requests of one moment come in any order, and their ends differ by their time on the wire:
            // within one window the count only grows and the end stays.
            var isSame = _windows.TryGetValue(partition, out var held) && held.EndsAt > now && now + left < held.EndsAt + SameWindow;
            var window = isSame ? held with { Count = Math.Max(held.Count, count) } : new RateWindow(now + left, count);
            Put_NeedsLock(partition, window, now);
        }
    }

    private TimeSpan Now => time.GetElapsedTime(_start);

    private void Put_NeedsLock(string partition, RateWindow window, TimeSpan now)
    {
        if (_windows.Count >= maxPartitions && !_windows.ContainsKey(partition))
            MakeRoom_NeedsLock(now);
        _windows[partition] = window;
    }

    private void MakeRoom_NeedsLock(TimeSpan now)
    {
        foreach (var (partition, window) in _windows)
        {
            if (window.EndsAt <= now)
                _windows.Remove(partition);
        }

        var excess = _windows.Count - (maxPartitions - Math.Max(1, maxPartitions / RoomShare));
        if (excess <= 0)
            return;
        foreach (var (partition, _) in _windows.OrderBy(static pair => pair.Value.EndsAt).Take(excess).ToArray())
            _windows.Remove(partition);
    }
}
