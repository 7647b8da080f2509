using Maestra.Backend.Costs;

namespace Maestra.Backend.Tests.Costs;

public sealed class CostLimitsTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 31, 23, 59, 30, 500, TimeSpan.Zero);

    [Theory]
    [InlineData(4.99, 50, 0.01, null)]
    [InlineData(4.99, 50, 0.0100001, "Daily")]
    [InlineData(0, 99.99, 0.01, null)]
    [InlineData(0, 99.99, 0.02, "Monthly")]
    [InlineData(5, 100, 0, null)]
    public void Check_ExactlyAtTheLimit_IsAllowed_T47(double today, double month, double usd, string? expected) =>
        Assert.Equal(expected, new CostLimits(5m, 100m).Check(new CostTotals((decimal)today, (decimal)month), (decimal)usd)?.ToString());

    [Fact]
    public void Check_NoLimit_AllowsAll() => Assert.Null(new CostLimits(null, null).Check(new CostTotals(1_000_000, 1_000_000), 1_000_000));

    [Fact]
    public void Hit_TellsWhichAndWhenItResets_T47()
    {
        var limits = new CostLimits(5m, 100m);

        Assert.Equal(new CostLimitHit(CostLimitKind.Daily, 5m, new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), 30), limits.Hit(CostLimitKind.Daily, Now));
        Assert.Equal(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), limits.Hit(CostLimitKind.Monthly, Now).ResetsAt);
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), limits.Hit(CostLimitKind.Monthly, new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero)).ResetsAt);
    }
}
