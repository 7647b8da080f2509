using ConversationHub.Testing.Time;

namespace ConversationHub.Routing.Tests.Deadlines;

public sealed class TimeShareTests
{
    [Theory]
    [InlineData(50, true, 30)]
    [InlineData(300, true, 280)]
    [InlineData(20, true, 10)]
    [InlineData(50, false, 50)]
    [InlineData(0, true, 0)]
    public void For_KeepsHalfButAtMost20SecondsForTheNext(int remaining, bool another, int share) =>
        Assert.Equal(TimeSpan.FromSeconds(share), TimeShare.For(TimeSpan.FromSeconds(remaining), another));

    [Fact]
    public void Deadline_WhenTheClockMoves_CountsDownToZero()
    {
        var time = new ManualTimeProvider();
        var deadline = new Deadline(time, TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(TimeSpan.FromMilliseconds(1500), deadline.Remaining);
        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(TimeSpan.Zero, deadline.Remaining);
        Assert.Equal(TimeSpan.FromMilliseconds(5500), deadline.Elapsed);
    }
}
