using ConversationHub.Contracts;
using ConversationHub.Testing.Time;
using Maestra.Backend.Asks;
using Maestra.Backend.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Maestra.Backend.Tests.Asks;

public sealed class RunningAsksTests
{
    private static readonly AskKey Key = new(UserId.Parse("ada"), OperationId.Parse("019b8d7d-f23b-7a1b-ac3d-4e5f60718293"));
    private static readonly AskOutcome Done = new AskOutcome.Failed(Refusals.NotFound());

    private readonly ManualTimeProvider _time = new();
    private readonly RunningAsks _running;

    public RunningAsksTests() => _running = new RunningAsks(_time, NullLogger<RunningAsks>.Instance);

    [Fact]
    public async Task JoinOrRun_FirstCallerGivesUp_TheOtherGetsTheOutcome()
    {
        using var firstGivesUp = new CancellationTokenSource();
        var release = new TaskCompletionSource<AskOutcome>();
        var first = _running.JoinOrRunAsync(Key, "f", run => release.Task.WaitAsync(run.Abandoned), null, firstGivesUp.Token);
        var second = _running.JoinOrRunAsync(Key, "f", _ => throw new InvalidOperationException("Run twice."), null, CancellationToken.None);

        await firstGivesUp.CancelAsync();
        var given = await first;
        release.SetResult(Done);

        Assert.Null(given);
        Assert.Same(Done, await second);
    }

    [Fact]
    public async Task JoinOrRun_LastCallerGivesUp_CancelsTheWork()
    {
        using var givesUp = new CancellationTokenSource();
        var cancelled = new TaskCompletionSource();
        var asking = _running.JoinOrRunAsync(Key, "f", async run =>
        {
            await using var registration = run.Abandoned.Register(cancelled.SetResult);
            await Task.Delay(Timeout.Infinite, run.Abandoned);
            return Done;
        }, null, givesUp.Token);

        await givesUp.CancelAsync();

        Assert.Null(await asking);
        await cancelled.Task;
    }

    [Fact]
    public async Task JoinOrRun_RepeatOfAbandonedWork_WaitsForItsEndAndRunsAnew()
    {
        using var givesUp = new CancellationTokenSource();
        var end = new TaskCompletionSource();
        var runs = 0;
        var first = _running.JoinOrRunAsync(Key, "f", async run =>
        {
            runs++;
            await end.Task;
            run.BeginStoring();
            return Done;
        }, null, givesUp.Token);
        await givesUp.CancelAsync();
        await first;

        var repeat = _running.JoinOrRunAsync(Key, "f", _ =>
        {
            runs++;
            return Task.FromResult(Done);
        }, null, CancellationToken.None);
        Assert.False(repeat.IsCompleted);
        end.SetResult();

        Assert.Same(Done, await repeat);
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task JoinOrRun_GivesUpWhileStoring_GetsTheOutcome()
    {
        using var givesUp = new CancellationTokenSource();
        var storing = new TaskCompletionSource();
        var stored = new TaskCompletionSource<AskOutcome>();
        var asking = _running.JoinOrRunAsync(Key, "f", run =>
        {
            run.BeginStoring();
            storing.SetResult();
            return stored.Task;
        }, null, givesUp.Token);
        await storing.Task;

        await givesUp.CancelAsync();
        stored.SetResult(Done);

        Assert.Same(Done, await asking);
    }

    /// <summary>A disk that hangs holds nobody beyond the time: the answer is that the outcome is not known.</summary>
    [Fact]
    public async Task JoinOrRun_TimeSpentWhileTheReplyIsStoredAndItTakesLonger_SaysThatItIsNotKnown()
    {
        using var givesUp = new CancellationTokenSource();
        var storing = new TaskCompletionSource();
        var stored = new TaskCompletionSource<AskOutcome>();
        var asking = _running.JoinOrRunAsync(Key, "f", run =>
        {
            run.BeginStoring();
            storing.SetResult();
            return stored.Task;
        }, null, givesUp.Token);
        await storing.Task;

        await givesUp.CancelAsync();
        await _time.WaitForTimersAsync();
        _time.Advance(RunningAsks.StoringGrace);

        Assert.Equal(500, Assert.IsType<AskOutcome.Failed>(await asking).Problem.Status);
        var repeat = _running.JoinOrRunAsync(Key, "f", _ => throw new InvalidOperationException("Run twice."), null, CancellationToken.None);
        stored.SetResult(Done);
        Assert.Same(Done, await repeat);
    }

    [Fact]
    public async Task TryLeave_WorkHasJustEnded_LeavesTheOutcomeToBeTold()
    {
        var ask = new RunningAsk("f");
        Assert.True(ask.TryJoin());
        ask.End(Done);
        ask.Dispose();

        Assert.False(ask.TryLeave());

        Assert.Same(Done, await ask.Outcome);
    }

    [Fact]
    public async Task JoinOrRun_WorkHasABug_EveryCallerHearsOfIt()
    {
        var goOn = new TaskCompletionSource();
        async Task<AskOutcome> Work(RunningAsk run)
        {
            await goOn.Task;
            throw new InvalidOperationException("bug");
        }

        var first = _running.JoinOrRunAsync(Key, "f", Work, null, CancellationToken.None);
        var second = _running.JoinOrRunAsync(Key, "f", Work, null, CancellationToken.None);
        goOn.SetResult();

        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        await Assert.ThrowsAsync<InvalidOperationException>(() => second);
    }
}
