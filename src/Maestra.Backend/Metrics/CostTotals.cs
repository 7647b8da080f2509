namespace Maestra.Backend.Metrics;

/// <summary>What was spent in the current UTC day and month, in USD.</summary>
internal readonly record struct CostTotals(decimal TodayUsd, decimal MonthUsd);
