namespace ConversationHub.Routing.Tests.Probing;

public sealed class ProbeScheduleTests
{
    private static readonly BreakerRecord Open = BreakerRecord.New with { State = BreakerState.Open, SuccessesNeeded = 2 };

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public void NextDelay_LocalDown_Is400MillisecondsAlways(int failedProbes) =>
        Assert.Equal(
            TimeSpan.FromMilliseconds(400),
            ProbeSchedule.NextDelay(Open with { FailedProbes = failedProbes }, TargetName.Local, TimeSpan.Zero, 0.9));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(4, 16)]
    [InlineData(5, 30)]
    [InlineData(1000, 30)]
    public void NextDelay_CloudDown_DoublesUpTo30Seconds(int failedProbes, int seconds) =>
        Assert.Equal(
            TimeSpan.FromSeconds(seconds),
            ProbeSchedule.NextDelay(Open with { FailedProbes = failedProbes }, TargetName.Cloud, TimeSpan.Zero, 0.5));

    [Theory]
    [InlineData(0.0, 800)]
    [InlineData(1.0, 1200)]
    public void NextDelay_CloudJitter_IsAFifthBothWays(double jitter, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), ProbeSchedule.NextDelay(Open, TargetName.Cloud, TimeSpan.Zero, jitter));

    [Fact]
    public void NextDelay_OneMoreSuccessNeeded_IsSoon() =>
        Assert.Equal(
            TimeSpan.FromMilliseconds(50),
            ProbeSchedule.NextDelay(Open with { State = BreakerState.HalfOpen }, TargetName.Local, TimeSpan.Zero, 0));

    [Fact]
    public void NextDelay_Held_WaitsForTheEndOfTheHold() =>
        Assert.Equal(
            TimeSpan.FromSeconds(7),
            ProbeSchedule.NextDelay(Open with { HeldUntil = TimeSpan.FromSeconds(10) }, TargetName.Local, TimeSpan.FromSeconds(3), 0));
}
