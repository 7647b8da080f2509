using ConversationHub.Testing;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Network;

namespace ConversationHub.Routing.Tests.Asking;

public sealed class HedgingTests : IAsyncLifetime
{
    private static readonly CannedResponse Good = CannedResponse.Json(200, MaestraReplies.Envelope("good", "main"));

    private readonly RouterUnderTest _hub = new(static options => options with { HedgeDelay = TimeSpan.FromMilliseconds(50) });
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task AskAsync_LocalIsSlow_TheCloudIsAskedTooAndWins()
    {
        _hub.Local.Next(Chaos.StallBeforeHeaders);
        var question = _hub.NewQuestion();

        var result = await _hub.AskAsync(question);

        Assert.Equal((TargetName.Cloud, true), (result.ServedBy, result.MayHaveRun));
        Assert.Equal([AttemptOutcome.Abandoned, AttemptOutcome.Answered], result.Attempts.Select(attempt => attempt.Outcome));
        Assert.Equal(
            question.OperationId.ToString(),
            Assert.Single(_hub.Local.Asks.Snapshot()).OperationId);
        Assert.Equal(question.OperationId.ToString(), Assert.Single(_hub.Cloud.Asks.Snapshot()).OperationId);
        await _hub.Local.Proxy.ClosedByClientAsync();
    }

    [Fact]
    public async Task AskAsync_LocalAnswersFirstAfterAll_TheCloudIsAbandoned()
    {
        _hub.Local.Next(Chaos.RespondWhen(_release.Task, Good));
        _hub.Cloud.Next(Chaos.StallBeforeHeaders);
        var asking = _hub.AskAsync();
        await _hub.Cloud.Asks.ItemAsync(1);

        _release.SetResult();

        var result = await asking;
        Assert.Equal((TargetName.Local, false), (result.ServedBy, result.Degraded));
        Assert.Equal([AttemptOutcome.Answered, AttemptOutcome.Abandoned], result.Attempts.Select(attempt => attempt.Outcome));
        await _hub.Cloud.Proxy.ClosedByClientAsync();
    }

    [Fact]
    public async Task AskAsync_CloudRefusesTheHedge_LocalIsWaitedFor()
    {
        _hub.Local.Next(Chaos.RespondWhen(_release.Task, Good));
        _hub.Cloud.Next(CannedResponse.Problem(429, "rate_limited", "Rate limit exceeded"));
        var asking = _hub.AskAsync();
        await _hub.Cloud.Asks.ItemAsync(1);

        _release.SetResult();

        Assert.Equal(TargetName.Local, (await asking).ServedBy);
    }

    [Fact]
    public async Task AskAsync_CloudRefusesTheHedgeAndLocalBreaks_TheRefusalIsTheResult()
    {
        var local = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hub.Local.Next(Chaos.RespondWhen(local.Task, CannedResponse.Problem(503, "overloaded", "Busy")));
        _hub.Cloud.Next(CannedResponse.Problem(429, "rate_limited", "Rate limit exceeded"));
        var asking = _hub.AskAsync();
        await _hub.Cloud.Asks.ItemAsync(1);
        local.SetResult();

        Assert.Equal("rate_limited", (await asking).Error!.Code);
    }

    [Fact]
    public async Task AskAsync_LocalAnswersInTime_TheCloudIsNotAsked()
    {
        await using var hub = new RouterUnderTest(static options => options with { HedgeDelay = TimeSpan.FromSeconds(30) });

        Assert.Equal(TargetName.Local, (await hub.AskAsync()).ServedBy);
        Assert.Equal(0, hub.Cloud.Proxy.Connections);
    }

    [Fact]
    public async Task AskAsync_BudgetSpent_IsNotHedged()
    {
        for (var i = 0; i < 6; i++)
        {
            _hub.Local.Next(Chaos.StallBeforeHeaders);
            _hub.Cloud.Next(CannedResponse.Problem(429, "rate_limited", "no"));
            using var cancel = new CancellationTokenSource();
            var hedged = _hub.AskAsync(cancellationToken: cancel.Token);
            await _hub.Cloud.Asks.ItemAsync(i + 1);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hedged);
        }

        _hub.Local.Next(Chaos.StallBeforeHeaders);
        var result = await _hub.AskAsync(_hub.NewQuestion(budget: TimeSpan.FromSeconds(6)));

        Assert.Equal(AttemptOutcome.Deadline, result.Attempts[0].Outcome);
        Assert.Equal(7, _hub.Cloud.Asks.Snapshot().Count);
    }

    [Fact]
    public async Task AskAsync_MayNotBeHedged_TheCloudIsNotAskedBesideLocal()
    {
        await using var hub = new RouterUnderTest(static options => options with { HedgeDelay = TimeSpan.Zero });
        hub.Local.Next(Chaos.RespondWhen(_release.Task, Good));
        var asking = hub.AskAsync(hub.NewQuestion() with { MayHedge = false });
        await hub.Local.Asks.ItemAsync(1);
        _release.SetResult();

        Assert.Equal(TargetName.Local, (await asking).ServedBy);
        Assert.Equal(0, hub.Cloud.Proxy.Connections);
    }

    /// <summary>What keeps a question on this machine may become known while the local backend is asked: before a hedge and before a failover.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AskAsync_KeptLocalMeanwhile_TheCloudIsNotAskedAndTheErrorSaysWhy(bool hedged)
    {
        await using var hub = new RouterUnderTest(options => options with { HedgeDelay = hedged ? TimeSpan.Zero : null });
        string? cause = null;
        hub.Local.Next(Chaos.RespondWhen(_release.Task, CannedResponse.Problem(503, "overloaded", "Busy")));
        if (hedged)
            cause = "it became known";
        var asking = hub.AskAsync(hub.NewQuestion() with { WhyKeptLocal = _ => new(cause) });
        await hub.Local.Asks.ItemAsync(1);
        cause = "it became known";
        _release.SetResult();

        var result = await asking;
        Assert.Null(result.ServedBy);
        Assert.Contains("The cloud was not asked: it became known.", result.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(0, hub.Cloud.Proxy.Connections);
    }

    /// <summary>The disk may take its time before a hedge: an answer that is there meanwhile is no reason to ask anybody else, nor to wait.</summary>
    [Fact]
    public async Task AskAsync_LocalAnswersWhileTheDiskIsAsked_IsHandedOutAtOnceAndTheCloudIsNotAsked()
    {
        var looking = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var disk = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _hub.Local.Next(Chaos.RespondWhen(_release.Task, Good));
        var asking = _hub.AskAsync(_hub.NewQuestion() with
        {
            WhyKeptLocal = async _ =>
            {
                looking.TrySetResult();
                return await disk.Task;
            },
        });
        await looking.Task.WaitAsync(TestTimeouts.Signal);

        _release.SetResult();

        var result = await asking.WaitAsync(TestTimeouts.Signal);
        disk.SetResult(null);
        Assert.Equal((TargetName.Local, false), (result.ServedBy, result.MayHaveRun));
        Assert.Single(result.Attempts);
        Assert.Equal(0, _hub.Cloud.Proxy.Connections);
    }

    /// <summary>One look that came to nothing is no mark: the disk is asked again before the failover.</summary>
    [Fact]
    public async Task AskAsync_DiskDoesNotTellBeforeTheHedge_IsAskedAgainBeforeTheFailover()
    {
        var looks = 0;
        var looked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hub.Local.Next(Chaos.RespondWhen(_release.Task, CannedResponse.Problem(503, "overloaded", "Busy")));
        var asking = _hub.AskAsync(_hub.NewQuestion() with
        {
            WhyKeptLocal = _ =>
            {
                looked.TrySetResult();
                return new(++looks == 1 ? "it could not be read in time" : null);
            },
        });
        await looked.Task.WaitAsync(TestTimeouts.Signal);
        _release.SetResult();

        Assert.Equal(TargetName.Cloud, (await asking).ServedBy);
        Assert.Equal(2, looks);
    }

    /// <summary>It sends questions to the cloud that need not go there: the owner has to ask for it.</summary>
    [Fact]
    public void HedgeDelay_Default_IsOff() => Assert.Null(new RoutingOptions().HedgeDelay);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _hub.DisposeAsync();
}
