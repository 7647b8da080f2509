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

        // Far apart, so that a busy machine that stops between the two lines does not turn the order round.
        using var late = _time.CreateTimer(_ => fired.Add("late"), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var soon = _time.CreateTimer(_ => fired.Add("soon"), null, TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        using var never = _time.CreateTimer(_ => fired.Add("never"), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        await fired.ItemAsync(2);
        Assert.Equal(["soon", "late"], fired.Snapshot());
    }

    [Fact]
    public async Task Dispose_Timer_FiresNoMore()
    {
        var fired = new Journal<string>();
        var timer = _time.CreateTimer(_ => fired.Add("disposed"), null, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));
        await fired.ItemAsync(1);

        await timer.DisposeAsync();

        // A firing under way when it was disposed is over before another timer fires: they share one thread.
        using var first = _time.CreateTimer(_ => fired.Add("first"), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await fired.FirstAsync(name => name == "first");
        using var second = _time.CreateTimer(_ => fired.Add("second"), null, TimeSpan.FromMilliseconds(20), Timeout.InfiniteTimeSpan);
        await fired.FirstAsync(name => name == "second");
        Assert.Equal(["first", "second"], fired.Snapshot().SkipWhile(name => name == "disposed"));
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.Zero));
    }

    private static void Signal(CountdownEvent countdown)
    {
        if (!countdown.IsSet)
            countdown.Signal();
    }
}
