using ConversationHub.Testing;
using Maestra.Backend.Costs;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Settings;

public sealed class CostBinderTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("", "5.00", "100.00")]
    [InlineData("MAESTRA_DAILY_COST_LIMIT=none;MAESTRA_MONTHLY_COST_LIMIT=12.5", null, "12.5")]
    [InlineData("MAESTRA_DAILY_COST_LIMIT=0;MAESTRA_MONTHLY_COST_LIMIT=None", "0", null)]
    public void Bind_Limits_AreAmountsOrNone(string environment, string? daily, string? monthly)
    {
        var limits = Bind(environment, out var errors);

        Assert.Empty(errors);
        Assert.Equal((daily, monthly), (Text(limits.DailyUsd), Text(limits.MonthlyUsd)));
    }

    [Theory]
    [InlineData("MAESTRA_DAILY_COST_LIMIT=-1")]
    [InlineData("MAESTRA_DAILY_COST_LIMIT=five")]
    [InlineData("MAESTRA_MONTHLY_COST_LIMIT=1e9")]
    [InlineData("MAESTRA_MONTHLY_COST_LIMIT=1000001")]
    public void Bind_NoAmount_SaysWhatWouldBeRight(string environment)
    {
        Bind(environment, out var errors);

        var error = Assert.Single(errors);
        Assert.StartsWith(environment.Split('=')[0], error, StringComparison.Ordinal);
        Assert.Contains("5.00, or none", error, StringComparison.Ordinal);
    }

    private static string? Text(decimal? usd) => usd?.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private CostLimits Bind(string environment, out IReadOnlyList<string> errors)
    {
        var variables = environment.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(setting => setting.Split('=', 2))
            .ToDictionary(setting => setting[0], setting => setting[1]);
        variables["HOME"] = _home.Path;
        var reader = new SettingReader(SettingSources.Load(new Dictionary<string, string>(), variables));
        var limits = CostBinder.Bind(reader);
        errors = reader.Errors;
        return limits;
    }
}
