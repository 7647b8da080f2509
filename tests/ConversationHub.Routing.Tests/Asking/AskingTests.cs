using ConversationHub.Contracts;
using ConversationHub.Testing.Network;

namespace ConversationHub.Routing.Tests.Asking;

public sealed class AskingTests : IAsyncLifetime
{
    private readonly RouterUnderTest _hub = new();

    [Fact]
    public async Task AskAsync_LocalAnswers_NothingElseIsAsked()
    {
        var question = _hub.NewQuestion("hello") with { Trace = TraceContext.TryCreate("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b") };

        var result = await _hub.AskAsync(question);

        Assert.Equal(("local heard: hello", "main", TargetName.Local), (result.Reply!.Answer, result.Reply.ConversationId, result.ServedBy));
        Assert.Equal((false, false), (result.Degraded, result.MayHaveRun));
        Assert.Equal(AttemptOutcome.Answered, Assert.Single(result.Attempts).Outcome);
        Assert.Equal(0, _hub.Cloud.Proxy.Connections);
        var ask = Assert.Single(_hub.Local.Asks.Snapshot());
        Assert.Equal(Routes.Core, ask.Path);
        Assert.Equal("application/json", ask.Header("Content-Type"));
        Assert.Equal(question.RequestId.ToString(), ask.Header(HeaderNames.RequestId));
        Assert.Equal(question.Trace!.Parent, ask.Header(HeaderNames.TraceParent));
        Assert.Equal(question.Trace!.State, ask.Header(HeaderNames.TraceState));

        // The local share of 50 s: 20 s are kept for the cloud.
        Assert.InRange(int.Parse(ask.Header(HeaderNames.DeadlineMs)!, System.Globalization.CultureInfo.InvariantCulture), 25_000, 30_000);
    }

    [Fact]
    public async Task AskAsync_LegacyQuestion_GoesToItsEndpoint()
    {
        var result = await _hub.AskAsync(_hub.NewQuestion("hello", endpoint: AskEndpoint.Legacy));

        Assert.Equal("heard: hello", result.Reply!.Answer);
        Assert.Equal(Routes.Advisor, Assert.Single(_hub.Local.Asks.Snapshot()).Path);
    }

    /// <summary>T28: the key goes to the cloud and nowhere else.</summary>
    [Fact]
    public async Task AskAsync_Key_IsSentToTheCloudOnly()
    {
        _hub.Local.Next(CannedResponse.Problem(503, "overloaded", "Busy"));

        await _hub.AskAsync();
        await _hub.Health.ReadAsync(refresh: true, CancellationToken.None);

        Assert.All(_hub.Local.Proxy.Requests, request => Assert.Null(request.Header(HeaderNames.ApiKey)));
        Assert.All(_hub.Cloud.Proxy.Requests, request => Assert.Equal(RouterUnderTest.Key, request.Header(HeaderNames.ApiKey)));
        Assert.DoesNotContain(_hub.Log.Records.Snapshot(), record => record.Message.Contains(RouterUnderTest.Key, StringComparison.Ordinal));
    }

    /// <summary>T25: fallback off, or a local route: an error that says so, and not one connection to the cloud.</summary>
    [Theory]
    [InlineData(false, Route.LocalFirst, null, "MAESTRA_FALLBACK_ENABLED is false")]
    [InlineData(true, Route.LocalOnly, null, "local-only")]
    [InlineData(true, Route.LocalFirst, Route.LocalOnly, "local-only")]
    public async Task AskAsync_CloudNotAllowed_IsNeverContacted(bool fallback, Route route, Route? narrowed, string why)
    {
        await using var hub = new RouterUnderTest(options => options with { FallbackEnabled = fallback, Route = route });
        await hub.Local.Proxy.RefuseAsync();

        var first = await hub.AskAsync(hub.NewQuestion(route: narrowed));
        var second = await hub.AskAsync(hub.NewQuestion(route: narrowed));
        if (narrowed is null)
            await hub.Health.ReadAsync(refresh: true, CancellationToken.None);
        await hub.Local.Proxy.ListenAsync();
        await hub.BreakerAsync(TargetName.Local, BreakerState.Closed);

        Assert.All([first, second], result => Assert.Equal(RoutingErrorCode.AllTargetsFailed, result.Error!.Code));
        Assert.Contains(why, first.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(0, hub.Cloud.Proxy.Connections);
    }

    [Fact]
    public async Task AskAsync_RouteLeavesNoTarget_SaysSoWithoutAsking()
    {
        await using var hub = new RouterUnderTest(options => options with { FallbackEnabled = false });

        var result = await hub.AskAsync(hub.NewQuestion(route: Route.CloudOnly));

        Assert.Equal(RoutingErrorCode.NoTargetAllowed, result.Error!.Code);
        Assert.Empty(result.Attempts);
        Assert.Equal(0, hub.Cloud.Proxy.Connections + hub.Local.Proxy.Connections);
    }

    [Fact]
    public async Task AskAsync_ThreeBadGateways_OpenTheBreakerAndTwoProbesCloseIt()
    {
        var busy = CannedResponse.Problem(503, "overloaded", "Busy");
        _hub.Local.Next(busy, busy, busy);
        for (var i = 0; i < 3; i++)
            Assert.Equal(AttemptOutcome.HttpStatus, (await _hub.AskAsync()).Attempts[0].Outcome);
        Assert.Equal(AttemptOutcome.SkippedOpen, (await _hub.AskAsync()).Attempts[0].Outcome);

        await _hub.BreakerAsync(TargetName.Local, BreakerState.HalfOpen);
        await _hub.BreakerAsync(TargetName.Local, BreakerState.Closed);

        Assert.Equal(TargetName.Local, (await _hub.AskAsync()).ServedBy);
        Assert.True(_hub.Local.Probes.Snapshot().Count >= 2);
    }

    [Fact]
    public async Task AskAsync_ReplyBeyondTheLimit_IsRefusedWhileItIsRead()
    {
        var endless = new byte[WireLimits.ResponseBodyBytes + 1];
        Array.Fill(endless, (byte)' ');
        _hub.Local.Next(new CannedResponse(200, endless, ("Content-Type", "application/json"), ("Content-Length", endless.Length.ToString(System.Globalization.CultureInfo.InvariantCulture))));

        var result = await _hub.AskAsync();

        Assert.Equal(AttemptOutcome.Malformed, result.Attempts[0].Outcome);
        Assert.Equal(TargetName.Cloud, result.ServedBy);
    }

    [Fact]
    public async Task AskAsync_Progress_TellsWhoIsAskedAndWhoWasGivenUp()
    {
        var seen = new List<RoutingProgress>();
        await _hub.Local.Proxy.RefuseAsync();

        await _hub.AskAsync(_hub.NewQuestion() with { Progress = new Direct(seen.Add) });

        Assert.Equal([(TargetName.Local, null), (TargetName.Cloud, AttemptOutcome.Refused)], seen.Select(step => (step.Asking, step.GaveUpOn?.Outcome)));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    private sealed class Direct(Action<RoutingProgress> report) : IProgress<RoutingProgress>
    {
        public void Report(RoutingProgress value) => report(value);
    }
}
