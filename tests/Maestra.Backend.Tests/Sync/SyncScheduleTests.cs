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
    [InlineData(0, 250)]
    [InlineData(100, 150)]
    [InlineData(199, 51)]
    [InlineData(200, 50)]
    [InlineData(5000, 50)]
    public void Push_SoLongAfterTheLastRoundBegan_IsSoonAndNotTooOften(int sinceMilliseconds, int afterMilliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(afterMilliseconds), SyncSchedule.Push(TimeSpan.FromMilliseconds(sinceMilliseconds)));

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
