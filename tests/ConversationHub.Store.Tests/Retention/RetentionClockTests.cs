namespace ConversationHub.Store.Tests.Retention;

/// <summary>Whatever the wall clock does, what is erased is at most a little early (docs/decisions/0012).</summary>
public sealed class RetentionClockTests
{
    private const int Days = 30;
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);

    [Fact]
    public void Advance_SteadyClock_FollowsItAndWaitsForTheGrace()
    {
        var clock = RetentionClock.Begin(Start, Start - TimeSpan.FromHours(1));
        Assert.Null(clock.Limit(Start, Days));

        var (later, wall) = Run(clock, Start, TimeSpan.FromHours(23));
        Assert.Null(later.Limit(wall, Days));
        (later, wall) = Run(later, wall, TimeSpan.FromHours(2));

        Assert.Equal(wall, later.Trusted);
        Assert.Equal(wall - TimeSpan.FromDays(Days), later.Limit(wall, Days));
    }

    [Theory]
    [InlineData(24)]
    [InlineData(-24)]
    public void Advance_JumpByADay_ErasesAtMostADayEarly(int hours)
    {
        var (clock, wall) = Run(RetentionClock.Begin(Start, Start), Start, TimeSpan.FromDays(3));
        var truth = wall;
        wall += TimeSpan.FromHours(hours);
        for (var round = 0; round < 1000; round++)
        {
            truth += RetentionClock.RoundEvery;
            wall += RetentionClock.RoundEvery;
            clock = clock.Advance(wall, RetentionClock.RoundEvery);
            Assert.True((clock.Limit(wall, Days) ?? truth - TimeSpan.FromDays(Days)) <= truth - TimeSpan.FromDays(Days) + TimeSpan.FromHours(24));
        }

        Assert.Equal(wall, clock.Trusted);
    }

    [Fact]
    public void Advance_JumpByAYear_ErasesNothingUntilAYearWasSeenOrTheClockIsRightAgain()
    {
        var (clock, right) = Run(RetentionClock.Begin(Start, Start), Start, TimeSpan.FromDays(3));
        var wrong = right + TimeSpan.FromDays(365);
        for (var round = 0; round < 12 * 24 * 30; round++)
        {
            wrong += RetentionClock.RoundEvery;
            clock = clock.Advance(wrong, RetentionClock.RoundEvery);
            Assert.Null(clock.Limit(wrong, Days));
        }

        // Set right again after a month: from then on as if nothing had been.
        right += TimeSpan.FromDays(30);
        clock = clock.Advance(right, RetentionClock.RoundEvery);
        Assert.Equal(right, clock.Trusted);
        Assert.Equal(right - TimeSpan.FromDays(Days), clock.Limit(right, Days));
    }

    [Fact]
    public void Advance_AYearBehindAtTheStart_KeepsTheGrace()
    {
        var clock = RetentionClock.Begin(Start + TimeSpan.FromDays(365), Start + TimeSpan.FromDays(365));

        clock = clock.Advance(Start, TimeSpan.FromMinutes(5));
        Assert.Null(clock.Limit(Start, Days));
        var (later, wall) = Run(clock, Start, TimeSpan.FromHours(25));

        Assert.NotNull(later.Limit(wall, Days));
    }

    [Fact]
    public void Begin_ClockAheadOfEverythingStored_DoesNotBelieveIt()
    {
        var wrong = Start + TimeSpan.FromDays(365);
        var clock = RetentionClock.Begin(wrong, Start);

        Assert.Equal(Start + RetentionClock.HeldBeyond, clock.Trusted);
        Assert.Null(clock.Advance(wrong, TimeSpan.FromDays(1)).Limit(wrong, Days));
        Assert.Equal(wrong, RetentionClock.Begin(wrong, null).Trusted);
    }

    [Fact]
    public void Advance_AYearOff_GoesOnAfterSevenWeeksOfRunning()
    {
        var clock = RetentionClock.Begin(Start, Start);
        var (later, wall) = Run(clock, Start + TimeSpan.FromDays(365), TimeSpan.FromDays(53));

        Assert.NotNull(later.Limit(wall, Days));
    }

    private static (RetentionClock Clock, DateTimeOffset Wall) Run(RetentionClock clock, DateTimeOffset wall, TimeSpan length)
    {
        for (var passed = TimeSpan.Zero; passed < length; passed += RetentionClock.RoundEvery)
        {
            wall += RetentionClock.RoundEvery;
            clock = clock.Advance(wall, RetentionClock.RoundEvery);
        }

        return (clock, wall);
    }
}
