using System.Globalization;
using Maestra.Backend.Costs;

namespace Maestra.Backend.Settings;

/// <summary>The limits on spending (wire.md §13).</summary>
internal static class CostBinder
{
    private const string None = "none";
    private const decimal MaxUsd = 1_000_000;

    public static CostLimits Bind(SettingReader reader)
    {
        var daily = Limit(reader, SettingNames.DailyCostLimit, CostLimits.DailyDefaultUsd);
        var monthly = Limit(reader, SettingNames.MonthlyCostLimit, CostLimits.MonthlyDefaultUsd);
        if (daily > monthly && reader.IsSet(SettingNames.DailyCostLimit))
            reader.Warn($"{SettingNames.DailyCostLimit} ({daily} USD) is more than {SettingNames.MonthlyCostLimit} ({monthly} USD), which stops first");
        return new CostLimits(daily, monthly);
    }

    private static decimal? Limit(SettingReader reader, string name, decimal fallback)
    {
        if (reader.Find(name) is not { } value)
            return fallback;
        if (value.Text.Equals(None, StringComparison.OrdinalIgnoreCase))
            return null;
        if (decimal.TryParse(value.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var usd) && usd <= MaxUsd)
            return usd;
        reader.Refuse(value, $"an amount in USD from 0 to {MaxUsd} such as 5.00, or {None}");
        return fallback;
    }
}
