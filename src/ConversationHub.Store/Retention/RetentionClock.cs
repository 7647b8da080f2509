namespace ConversationHub.Store;

/// <summary>
/// The time by which conversations grow old. A wall clock that is a year ahead would make everything old at once, so this one follows it only as fast as
/// the backend has seen time pass itself, and nothing is erased while it is far behind (docs/decisions/0012). Pure.
/// </summary>
/// <param name="Trusted">Never ahead of the wall clock as it was last seen.</param>
/// <param name="Began">When retention was first switched on, by the same clock.</param>
public sealed record RetentionClock(DateTimeOffset Trusted, DateTimeOffset Began)
{
    /// <summary>Between two rounds.</summary>
    public static readonly TimeSpan RoundEvery = TimeSpan.FromMinutes(5);

    /// <summary>Nothing is erased so soon after retention was switched on: whoever set it by mistake has that long.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromHours(24);

    /// <summary>Nothing is erased while the wall clock is further ahead than this.</summary>
    public static readonly TimeSpan HeldBeyond = TimeSpan.FromHours(48);

    /// <summary>A machine that runs three hours a day still keeps up.</summary>
    private const int Speed = 8;

    /// <summary>The first time of all.</summary>
    /// <param name="newest">When anything stored was last written to; null for an empty store.</param>
    public static RetentionClock Begin(DateTimeOffset wall, DateTimeOffset? newest)
    {
        var begun = newest + HeldBeyond is { } written && written < wall ? written : wall;
        return new RetentionClock(begun, begun);
    }

    /// <param name="elapsed">How long this process has seen time pass since it last asked, by a clock that nobody sets.</param>
    public RetentionClock Advance(DateTimeOffset wall, TimeSpan elapsed)
    {
        // Set back: what was trusted before was wrong, and the grace stays as long as it was.
        if (wall < Trusted)
            return new RetentionClock(wall, Began - (Trusted - wall));
        var seen = TimeSpan.FromTicks(Math.Min(elapsed.Ticks, (wall - Trusted).Ticks / Speed + 1) * Speed);
        var next = Trusted + seen;
        return this with { Trusted = next < wall ? next : wall };
    }

    /// <returns>Conversations untouched since then are to be erased; null: none are, for now.</returns>
    public DateTimeOffset? Limit(DateTimeOffset wall, int days) =>
        wall - Trusted > HeldBeyond || Trusted - Began < Grace || days > (Trusted - DateTimeOffset.UnixEpoch).TotalDays
            ? null
            : Trusted - TimeSpan.FromDays(days);
}
