using Maestra.Backend.Sync;

namespace Maestra.Backend.Tests.Sync;

/// <summary>T44: when rounds are due.</summary>
public sealed class SyncScheduleTests
{
    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(3, 20)]
    [InlineData(4, 40)]
    [InlineData(5, 60)]
    [InlineData(6, 60)]
    [InlineData(int.MaxValue, 60)]
    public void Wait_AfterThatManyFailures_IsThatLongGiveOrTake(int failures, int seconds)
    {
        var whole = TimeSpan.FromSeconds(seconds);

        Assert.Equal(whole * 0.92, SyncSchedule.Wait(TimeSpan.FromSeconds(5), failures, 0));
        Assert.Equal(whole, SyncSchedule.Wait(TimeSpan.FromSeconds(5), failures, 0.5));
        Assert.Equal(whole * 1.08, SyncSchedule.Wait(TimeSpan.FromSeconds(5), failures, 1));
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(36 * 300, 50)]
    [InlineData((36 * 300) + 50, 50)]
    [InlineData((36 * 300) + 51, 51)]
    [InlineData(37 * 300, 300)]
    public void Push_WithADebtOfRounds_IsSoonUntilTheyAreTooMany(int debtMilliseconds, int afterMilliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(afterMilliseconds), SyncSchedule.Push(TimeSpan.FromMilliseconds(debtMilliseconds)));

    [Theory]
    [InlineData(0, 0, 1, 300)]
    [InlineData(300, 100, 1, 500)]
    [InlineData(300, 5000, 1, 300)]
    [InlineData(900, 300, 0, 600)]
    [InlineData(900, 0, 10_000, 60_000)]
    public void Debt_IsPaidByTime(int debt, int elapsed, int rounds, int expected) =>
        Assert.Equal(
            TimeSpan.FromMilliseconds(expected), SyncSchedule.Debt(TimeSpan.FromMilliseconds(debt), TimeSpan.FromMilliseconds(elapsed), rounds));

    /// <summary>Whoever writes without an end stays within what a peer takes: 240 requests in any 60 s, 1,024 in any 240 s (wire.md §8, §9.3).</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(170)]
    public void Push_AfterEveryRound_StaysBelowThePeersLimits(int roundMilliseconds)
    {
        var began = new List<TimeSpan>();
        var (now, debt) = (TimeSpan.Zero, TimeSpan.Zero);
        while (now < TimeSpan.FromSeconds(600))
        {
            began.Add(now);
            var next = now + TimeSpan.FromMilliseconds(roundMilliseconds);
            debt = SyncSchedule.Debt(debt, next - now, 1);
            var wait = SyncSchedule.Push(debt);
            debt = SyncSchedule.Debt(debt, wait, 0);
            now = next + wait;
        }

        Assert.True(Most(60) <= 240, $"{Most(60)} in 60 s");
        Assert.True(Most(240) <= 1024, $"{Most(240)} in 240 s");
        Assert.True(began[35] <= TimeSpan.FromMilliseconds(36 * (50 + roundMilliseconds)), "The first ones wait for the debounce only.");

        int Most(int seconds) => began.Max(from => began.Count(at => at >= from && at <= from + TimeSpan.FromSeconds(seconds)));
    }

    /// <summary>What failed comes smaller, and never so small that nothing moves.</summary>
    [Theory]
    [InlineData(0, 500)]
    [InlineData(1, 250)]
    [InlineData(5, 15)]
    [InlineData(6, 8)]
    [InlineData(1000, 8)]
    public void BatchOperations_AfterFailures_GetSmaller(int failures, int operations) =>
        Assert.Equal(operations, SyncSchedule.BatchOperations(failures));
}
