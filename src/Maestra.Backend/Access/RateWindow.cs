namespace Maestra.Backend.Access;

/// <summary>How much may be asked in how long.</summary>
internal sealed record RateLimit(int Requests, TimeSpan Window);

/// <summary>The requests of one partition since its first one.</summary>
/// <param name="EndsAt">On whatever clock counts it; from then on the next request starts a new window.</param>
internal readonly record struct RateWindow(TimeSpan EndsAt, int Count);

/// <summary>What was decided about one request.</summary>
/// <param name="Remaining">How many more are admitted in this window.</param>
/// <param name="Left">Until the window ends: more than zero, at most its length.</param>
internal readonly record struct RateVerdict(bool IsAdmitted, int Limit, int Remaining, TimeSpan Left)
{
    /// <summary>Rounded up, so that who waits as long is admitted; never more than the window.</summary>
    public int LeftSeconds => (int)Math.Ceiling(Left.TotalSeconds);
}

/// <summary>The rule of a fixed window that starts with its first request (wire.md §8). Pure.</summary>
internal static class RateRule
{
    /// <param name="window">Null: nothing was asked yet.</param>
    /// <returns>The verdict, and the window with this request counted; one that is refused counts no further.</returns>
    public static (RateVerdict Verdict, RateWindow Window) Count(RateWindow? window, TimeSpan now, RateLimit limit)
    {
        // A window that ends later than a whole one from now was counted under another setting.
        var open = window is { } held && held.EndsAt > now && held.EndsAt - now <= limit.Window
            ? held
            : new RateWindow(now + limit.Window, 0);
        var isAdmitted = open.Count < limit.Requests;
        var counted = isAdmitted ? open with { Count = open.Count + 1 } : open;
        return (new RateVerdict(isAdmitted, limit.Requests, Math.Max(0, limit.Requests - counted.Count), open.EndsAt - now), counted);
    }

    /// <summary>What the next request would be told, with nothing counted.</summary>
    public static bool IsSpent(RateWindow window, TimeSpan now, RateLimit limit) => window.EndsAt > now && window.Count >= limit.Requests;
}
