using ConversationHub.Testing;
using Maestra.Backend.Streaming;

namespace Maestra.Backend.Tests.Streaming;

public sealed class OwnThreadTimeTests : IDisposable
{
    private readonly OwnThreadTime _time = new();

    public void Dispose() => _time.Dispose();

    [Fact]
    public void CreateTimer_ThreadPoolIsBusy_FiresAllTheSame_T66()
    {
        using var starved = new StarvedThreadPool();
        using var fired = new CountdownEvent(3);

        using var timer = _time.CreateTimer(_ => Signal(fired), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(1));

        Assert.True(fired.Wait(TestTimeouts.Signal));
        Assert.False(starved.HasRoom);
    }

    [Fact]
    public async Task CreateTimer_SeveralTimers_FireInTheOrderTheyFallDue()
    {
        var fired = new Journal<string>();

        using var late = _time.CreateTimer(_ => fired.Add("late"), null, TimeSpan.FromMilliseconds(200), Timeout.InfiniteTimeSpan);
        using var soon = _time.CreateTimer(_ => fired.Add("soon"), null, TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        using var never = _time.CreateTimer(_ => fired.Add("never"), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        await fired.ItemAsync(2);
        Assert.Equal(["soon", "late"], fired.Snapshot());
    }

    [Fact]
    public async Task Dispose_Timer_FiresNoMore()
    {
        var fired = new Journal<string>();
        var timer = _time.CreateTimer(_ => fired.Add("disposed"), null, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(1));
        using var other = _time.CreateTimer(_ => fired.Add("other"), null, TimeSpan.FromMilliseconds(150), Timeout.InfiniteTimeSpan);

        await timer.DisposeAsync();
        var before = fired.Snapshot().Count;
        await fired.FirstAsync(name => name == "other");

        Assert.Equal(before + 1, fired.Snapshot().Count);
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.Zero));
    }

    private static void Signal(CountdownEvent countdown)
    {
        if (!countdown.IsSet)
            countdown.Signal();
    }
}
