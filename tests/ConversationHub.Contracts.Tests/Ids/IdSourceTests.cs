using ConversationHub.Testing.Time;

namespace ConversationHub.Contracts.Tests.Ids;

public sealed class IdSourceTests
{
    [Fact]
    public void NewOperationId_FixedClockAndBytes_IsVersion7OfThatMillisecond()
    {
        var ids = new IdSource(new ManualTimeProvider(new DateTimeOffset(2026, 1, 5, 9, 30, 0, 123, TimeSpan.Zero)), static bytes => bytes.Fill(0xFF));

        Assert.Equal("019b8d7d-f23b-7fff-bfff-ffffffffffff", ids.NewOperationId().ToString());
        Assert.Equal("ffffffff-ffff-4fff-bfff-ffffffffffff", ids.NewRequestId().ToString());
    }

    [Fact]
    public void NewOperationId_LaterMillisecond_SortsLater()
    {
        var time = new ManualTimeProvider();
        var ids = new IdSource(time);
        var first = ids.NewOperationId();
        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(first < ids.NewOperationId());
    }
}
