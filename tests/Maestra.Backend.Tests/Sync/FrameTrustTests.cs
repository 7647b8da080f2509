using ConversationHub.Testing.Time;
using Maestra.Backend.Sync;

namespace Maestra.Backend.Tests.Sync;

public sealed class FrameTrustTests
{
    private readonly ManualTimeProvider _time = new();

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public void IsTrusted_TheClockIsSetAnew_ThePauseLastsAsLongAsItShould(int days)
    {
        var frames = new FrameTrust(_time);
        frames.FrameFailed("peer");
        Assert.True(frames.IsTrusted("peer"));
        frames.OrdinaryWorked("peer");

        _time.WallOffset = TimeSpan.FromDays(days);
        _time.Advance(FrameTrust.Pause - TimeSpan.FromSeconds(1));
        frames.OrdinaryFailed("peer");
        Assert.False(frames.IsTrusted("peer"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(frames.IsTrusted("peer"));
    }
}
