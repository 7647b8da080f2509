using ConversationHub.Testing.Time;

namespace ConversationHub.Testing.Tests.Time;

public sealed class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void GetElapsedTime_AfterAdvance_IsThatTime()
    {
        var start = _time.GetTimestamp();

        _time.Advance(TimeSpan.FromMilliseconds(250));

        Assert.Equal(TimeSpan.FromMilliseconds(250), _time.GetElapsedTime(start));
        Assert.Equal(250 * TimeSpan.TicksPerMillisecond * 7, _time.GetTimestamp() - start);
    }

    [Fact]
    public async Task Delay_UntilAdvancedPastIt_DoesNotEnd()
    {
        var delay = Task.Delay(TimeSpan.FromSeconds(2), _time);
        await _time.WaitForTimersAsync();

        _time.Advance(TimeSpan.FromSeconds(1.999));
        Assert.False(delay.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await delay;

        Assert.Empty(_time.Waiting);
    }

    [Fact]
    public void Advance_OverSeveralTimers_FiresEachAtItsOwnTime()
    {
        var fired = new List<(string Name, double Seconds)>();
        using var once = _time.CreateTimer(_ => fired.Add(("once", _time.Elapsed.TotalSeconds)), null, TimeSpan.FromSeconds(1.5), Timeout.InfiniteTimeSpan);
        using var ticking = _time.CreateTimer(_ => fired.Add(("tick", _time.Elapsed.TotalSeconds)), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal([("tick", 1), ("once", 1.5), ("tick", 2), ("tick", 3)], fired);
        Assert.Equal([TimeSpan.FromSeconds(1)], _time.Waiting);
    }

    [Fact]
    public async Task CancellationTokenSource_AfterItsTime_IsCancelled()
    {
        using var source = new CancellationTokenSource(TimeSpan.FromSeconds(50), _time);
        var waiting = _time.WaitForTimersAsync(2);
        var second = Task.Delay(TimeSpan.FromSeconds(60), _time, source.Token);
        await waiting;

        _time.Advance(TimeSpan.FromSeconds(50));

        Assert.True(source.IsCancellationRequested);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
    }

    [Fact]
    public void Advance_Backwards_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(TimeSpan.FromTicks(-1)));
}
