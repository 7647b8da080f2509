using ConversationHub.Mcp.Asking;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;

namespace ConversationHub.Mcp.Tests.Asking;

public sealed class QuestionGateTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ManualTimeProvider _time = new();
    private readonly QuestionGate _gate;

    public QuestionGateTests() => _gate = new QuestionGate(_time);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public async Task Enter_AtTheBound_WaitsAndTheOneThatCameFirstIsNext()
    {
        await FillAsync();
        var first = EnterAsync();
        var second = EnterAsync();
        Assert.False(first.IsCompleted);

        _gate.Leave();

        Assert.Equal(QuestionGate.Entry.Admitted, await first.WaitAsync(TestTimeouts.Signal));
        Assert.False(second.IsCompleted);
    }

    [Fact]
    public async Task Enter_NoPlaceInItsTime_IsToldSoAndLeavesTheLine()
    {
        await FillAsync();
        var waiting = EnterAsync();
        _time.Advance(Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(QuestionGate.Entry.TimeIsSpent, await waiting.WaitAsync(TestTimeouts.Signal));

        _gate.Leave();
        Assert.Equal(QuestionGate.Entry.Admitted, await EnterAsync().WaitAsync(TestTimeouts.Signal));
    }

    [Fact]
    public async Task Enter_CancelledInLine_ThrowsAndTakesNoPlace()
    {
        await FillAsync();
        using var cancel = new CancellationTokenSource();
        var waiting = _gate.EnterAsync(Patience, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TestTimeouts.Signal));

        _gate.Leave();
        Assert.Equal(QuestionGate.Entry.Admitted, await EnterAsync().WaitAsync(TestTimeouts.Signal));
    }

    [Fact]
    public async Task Enter_LineIsFull_IsToldAtOnceUntilOneLeavesIt()
    {
        await FillAsync();
        var waiting = Enumerable.Range(0, QuestionGate.MaxInLine).Select(_ => EnterAsync()).ToList();
        Assert.Equal(QuestionGate.Entry.LineIsFull, await EnterAsync().WaitAsync(TestTimeouts.Signal));

        _gate.Leave();
        Assert.Equal(QuestionGate.Entry.Admitted, await waiting[0].WaitAsync(TestTimeouts.Signal));
        Assert.False(EnterAsync().IsCompleted);
        Assert.Equal(QuestionGate.Entry.LineIsFull, await EnterAsync().WaitAsync(TestTimeouts.Signal));
    }

    private Task<QuestionGate.Entry> EnterAsync() => _gate.EnterAsync(Patience, CancellationToken.None).AsTask();

    private async Task FillAsync()
    {
        for (var place = 0; place < QuestionGate.MaxAtWork; place++)
            Assert.Equal(QuestionGate.Entry.Admitted, await EnterAsync());
    }
}
