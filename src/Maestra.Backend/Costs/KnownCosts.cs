namespace Maestra.Backend.Costs;

/// <summary>What was spent as of a day, for those who ask on a later one. Immutable.</summary>
internal sealed record KnownCosts(DateOnly Day, CostTotals Totals)
{
    public CostTotals At(DateOnly today)
    {
        if (Day == today)
            return Totals;
        return new CostTotals(0, Day.Year == today.Year && Day.Month == today.Month ? Totals.Month : 0);
    }

    /// <summary>After a settlement of a reservation of a day.</summary>
    public KnownCosts Less(DateOnly day, decimal usd)
    {
        var today = day == Day ? usd : 0;
        var month = day.Year == Day.Year && day.Month == Day.Month ? usd : 0;
        return this with { Totals = new CostTotals(Totals.Today - today, Totals.Month - month) };
    }
}
