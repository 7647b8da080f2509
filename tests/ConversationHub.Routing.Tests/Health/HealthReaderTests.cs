using System.Text.Json.Nodes;
using ConversationHub.Routing.Tests.Asking;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Time;

namespace ConversationHub.Routing.Tests.Health;

public sealed class HealthReaderTests : IAsyncLifetime
{
    private readonly RouterUnderTest _hub = new();

    /// <summary>T10.</summary>
    [Fact]
    public async Task ReadAsync_BothUp_SaysActiveLocalAndBothHealthy()
    {
        var health = await ReadAsync();

        Assert.Equal(TargetName.Local, health.Active);
        Assert.Equal([TargetName.Local, TargetName.Cloud], health.Targets.Select(target => target.Name));
        Assert.All(health.Targets, target => Assert.Equal(
            (TargetStatus.Healthy, BreakerState.Closed, "2.0.0", false, null),
            (target.Status, target.Breaker, target.Version, target.Cached, target.Detail)));
        Assert.Equal("healthy", health.Dependencies["conversation_hub"]);
    }

    /// <summary>T26.</summary>
    [Fact]
    public async Task ReadAsync_Again_TellsWhatIsKnownUnlessRefreshed()
    {
        await ReadAsync();
        var second = await ReadAsync();
        var third = await ReadAsync(refresh: true);

        Assert.All(second.Targets, target => Assert.True(target.Cached));
        Assert.All(third.Targets, target => Assert.False(target.Cached));
        Assert.Equal(2, _hub.Local.Probes.Snapshot().Count);
    }

    /// <summary>T26: a call that contradicts the cache empties it.</summary>
    [Fact]
    public async Task ReadAsync_AfterACallThatContradicts_AsksAgain()
    {
        await ReadAsync();
        _hub.Local.Next(Chaos.ResetAfterRead);
        await _hub.AskAsync();

        var health = await ReadAsync();

        Assert.False(health.Targets[0].Cached);
        Assert.True(health.Targets[1].Cached);
    }

    [Fact]
    public async Task ReadAsync_LocalDown_SaysWhyAndThatTheCloudIsActive()
    {
        await _hub.Local.Proxy.RefuseAsync();
        await _hub.AskAsync();

        var health = await ReadAsync(refresh: true);

        Assert.Equal(TargetName.Cloud, health.Active);
        var local = health.Targets[0];
        Assert.Equal((TargetStatus.Unreachable, BreakerState.Open, "connection refused", null), (local.Status, local.Breaker, local.Detail, local.Latency));
        Assert.Equal((BreakerState.Open, "refused", 1), (local.LastChange!.To, local.LastChange.Cause, local.TimesOpened));
    }

    /// <summary>Closed, but not fit: the question is tried there first, and answered by the next one.</summary>
    [Fact]
    public async Task ReadAsync_LocalCallsItselfUnhealthy_SaysThatTheCloudIsActive()
    {
        var health = MaestraReplies.Health("local", 8825);
        health["status"] = "unhealthy";
        _hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Json(200, health));

        Assert.Equal(TargetName.Cloud, (await ReadAsync()).Active);
    }

    /// <summary>With every breaker open each is tried, so the one that is back would answer; by then a probe may have closed its breaker.</summary>
    [Fact]
    public async Task ReadAsync_EveryBreakerOpenAndLocalBack_SaysThatLocalIsActive()
    {
        await _hub.Local.Proxy.RefuseAsync();
        await _hub.Cloud.Proxy.RefuseAsync();
        await _hub.AskAsync();
        await _hub.Local.Proxy.ListenAsync();

        Assert.Equal(TargetName.Local, (await ReadAsync(refresh: true)).Active);
    }

    [Fact]
    public async Task ReadAsync_AnotherServiceOnThePort_IsNamedAnImpostor()
    {
        _hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Text(200, "<html>", "text/html"));

        Assert.Equal(TargetStatus.Impostor, (await ReadAsync()).Targets[0].Status);
    }

    [Fact]
    public async Task ReadAsync_EarlierBackend_IsMarked()
    {
        _hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Json(200, new JsonObject { ["status"] = "healthy", ["version"] = "1.0.0" }));

        var local = (await ReadAsync()).Targets[0];

        Assert.Equal(TargetStatus.Healthy, local.Status);
        Assert.Contains("does not recognise a repeated question", local.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_FallbackOff_ShowsTheCloudAsDisabledAndNeverAsksIt()
    {
        await using var hub = new RouterUnderTest(options => options with { FallbackEnabled = false });

        var health = await hub.Health.ReadAsync(refresh: true, CancellationToken.None);

        Assert.Equal((TargetStatus.Disabled, "MAESTRA_FALLBACK_ENABLED is false"), (health.Targets[1].Status, health.Targets[1].Detail));
        Assert.Equal(0, hub.Cloud.Proxy.Connections);
    }

    [Fact]
    public async Task ReadAsync_UrlWithSecrets_IsShownWithoutThem()
    {
        var url = new UriBuilder(_hub.Cloud.Url) { UserName = "ada", Password = "secret", Query = "key=secret", Path = "/base" }.Uri;
        await using var hub = new RouterUnderTest(cloud: url);

        var health = await hub.Health.ReadAsync(refresh: false, CancellationToken.None);

        Assert.Equal($"http://127.0.0.1:{url.Port}/base", health.Targets[1].Url);
    }

    [Fact]
    public async Task AskAsync_ServedByABackendThatCallsItselfDegraded_IsDegraded()
    {
        var degraded = MaestraReplies.Health("local", 8825);
        degraded["status"] = "degraded";
        _hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Json(200, degraded));
        await ReadAsync();

        Assert.True((await _hub.AskAsync()).Degraded);
    }

    /// <summary>What was said long ago is not believed, and the next answer has the backend asked anew.</summary>
    [Fact]
    public async Task AskAsync_LongAfterTheLastHealthAnswer_BelievesTheNextOne()
    {
        var clock = new ManualTimeProvider();
        await using var hub = new RouterUnderTest(time: clock);
        var health = MaestraReplies.Health("local", 8825);
        health["status"] = "degraded";
        hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Json(200, health));
        await hub.Health.ReadAsync(refresh: false, CancellationToken.None);
        Assert.True((await hub.AskAsync()).Degraded);
        hub.Local.OnHealth = _ => Chaos.Respond(CannedResponse.Json(200, MaestraReplies.Health("local", 8825)));
        clock.Advance(HealthReader.CacheLifetime);

        Assert.False((await hub.AskAsync()).Degraded);
        await hub.Local.Probes.ItemAsync(2);
        Assert.False((await hub.AskAsync()).Degraded);
        Assert.Equal(2, hub.Local.Probes.Snapshot().Count);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _hub.DisposeAsync();

    private Task<HealthSnapshot> ReadAsync(bool refresh = false) => _hub.Health.ReadAsync(refresh, CancellationToken.None);
}
