namespace Maestra.Backend.Costs;

/// <summary>The limits on spending, in USD; null for none (wire.md §8). Pure.</summary>
internal sealed record CostLimits(decimal? DailyUsd, decimal? MonthlyUsd)
{
    public const decimal DailyDefaultUsd = 5.00m;
    public const decimal MonthlyDefaultUsd = 100.00m;

    /// <summary>A limit is passed when what is spent and what is asked for are more than it: exactly at it is allowed.</summary>
    /// <returns>Null when both allow it.</returns>
    public CostLimitKind? Check(CostTotals spent, decimal usd)
    {
        if (spent.Today + usd > DailyUsd)
            return CostLimitKind.Daily;
        return spent.Month + usd > MonthlyUsd ? CostLimitKind.Monthly : null;
    }

    /// <summary>What to tell whoever is stopped by it.</summary>
    public CostLimitHit Hit(CostLimitKind kind, DateTimeOffset now)
    {
        var day = now.UtcDateTime.Date;
        var resets = new DateTimeOffset(
            kind == CostLimitKind.Daily ? day.AddDays(1) : new DateTime(day.Year, day.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1), TimeSpan.Zero);
        return new CostLimitHit(kind, (kind == CostLimitKind.Daily ? DailyUsd : MonthlyUsd) ?? 0, resets, (int)Math.Ceiling((resets - now).TotalSeconds));
    }
}

internal enum CostLimitKind
{
    Daily,
    Monthly,
}

/// <summary>A limit that stands before a call.</summary>
/// <param name="RetryAfterSeconds">Until <paramref name="ResetsAt"/>, rounded up.</param>
internal sealed record CostLimitHit(CostLimitKind Kind, decimal LimitUsd, DateTimeOffset ResetsAt, int RetryAfterSeconds);
