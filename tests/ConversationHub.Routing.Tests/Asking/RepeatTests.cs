using ConversationHub.Testing.Network;

namespace ConversationHub.Routing.Tests.Asking;

public sealed class RepeatTests
{
    [Fact]
    public async Task AskAsync_OnlyTargetBreaksOff_IsAskedOnceMoreWithTheSameId()
    {
        await using var hub = await LocalOnlyAsync();
        hub.Local.Next(Chaos.ResetAfterRead);

        var result = await hub.AskAsync();

        Assert.Equal((TargetName.Local, true), (result.ServedBy, result.MayHaveRun));
        Assert.Equal([AttemptOutcome.Reset, AttemptOutcome.Answered], result.Attempts.Select(attempt => attempt.Outcome));
        Assert.Single(hub.Local.Asks.Snapshot().Select(ask => ask.OperationId).Distinct());
    }

    [Fact]
    public async Task AskAsync_OnlyTargetDoesNotRecogniseRepeats_IsNotAskedTwice()
    {
        await using var hub = new RouterUnderTest(static options => options with { Route = Route.LocalOnly });
        hub.Local.Next(Chaos.ResetAfterRead);

        var result = await hub.AskAsync();

        Assert.Null(result.ServedBy);
        Assert.True(result.MayHaveRun);
        Assert.Single(hub.Local.Asks.Snapshot());
    }

    /// <summary>The conversation may be marked between the two.</summary>
    [Fact]
    public async Task AskAsync_KeptLocalBeforeTheRepeatAtTheCloud_IsNotRepeatedThere()
    {
        var looks = 0;
        await using var hub = new RouterUnderTest();
        await hub.Health.ReadAsync(refresh: true, CancellationToken.None);
        await hub.Local.Proxy.RefuseAsync();
        hub.Cloud.Next(Chaos.ResetAfterRead);

        var result = await hub.AskAsync(hub.NewQuestion() with { WhyKeptLocal = _ => new(++looks == 1 ? null : "it is marked") });

        Assert.Equal((null, 2), (result.ServedBy, looks));
        Assert.Single(hub.Cloud.Asks.Snapshot());
        Assert.DoesNotContain("not asked", result.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AskAsync_BreaksOffAgainAndAgain_IsRepeatedOnceEachUntilTheBudgetIsSpent()
    {
        await using var hub = await LocalOnlyAsync();
        hub.Local.OnAsk = _ => Chaos.ResetAfterRead;

        for (var i = 0; i < 20; i++)
            await hub.AskAsync();

        // Ten tokens, none below five: six repeats.
        Assert.Equal(26, hub.Local.Asks.Snapshot().Count);
    }

    [Fact]
    public void RetryBudget_TenAnswers_GiveOneTokenBack()
    {
        var budget = new RetryBudget();
        var spent = 0;
        while (budget.TrySpend())
            spent++;
        for (var i = 0; i < 9; i++)
            budget.Refund();
        Assert.False(budget.TrySpend());
        budget.Refund();

        Assert.True(budget.TrySpend());
        Assert.Equal(6, spent);
    }

    private static async Task<RouterUnderTest> LocalOnlyAsync()
    {
        var hub = new RouterUnderTest(static options => options with { Route = Route.LocalOnly });
        await hub.Health.ReadAsync(refresh: true, CancellationToken.None);
        return hub;
    }
}
