using System.Collections.Immutable;
using System.Globalization;
using ConversationHub.Testing;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.DependencyInjection;

namespace ConversationHub.Routing.Tests.Targets;

public sealed class LocalDiscoveryTests : IAsyncLifetime
{
    private readonly ScriptedBackend _low = ScriptedBackend.Start();
    private readonly ScriptedBackend _high = ScriptedBackend.Start();
    private readonly ManualTimeProvider _time = new();
    private readonly string _portFile = Path.GetTempFileName();
    private readonly ServiceProvider _services;

    /// <summary>The limits of a health request and of a connect run on the clock that stands still: a busy machine must not look like a deaf port.</summary>
    public LocalDiscoveryTests() => _services = new ServiceCollection()
        .AddSingleton<TimeProvider>(_time)
        .AddLogging()
        .AddRouting(new RoutingOptions())
        .BuildServiceProvider();

    /// <summary>T21: the hub finds the port that the backend reports.</summary>
    [Fact]
    public async Task LocateAsync_PortFile_IsAskedFirst()
    {
        await File.WriteAllTextAsync(_portFile, $"{_high.Proxy.Port}\n");

        var located = await Discovery().LocateAsync(CancellationToken.None);

        Assert.Equal(_high.Proxy.Port, located.Endpoint!.BaseUrl.Port);
        Assert.Equal(0, _low.Proxy.Connections);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a port")]
    [InlineData("99999")]
    [InlineData("-1")]
    [InlineData("12345678901234567890")]
    public async Task LocateAsync_UselessPortFile_LowestOfTheUsualPortsWins(string content)
    {
        await File.WriteAllTextAsync(_portFile, content);

        Assert.Equal(_low.Proxy.Port, (await Discovery().LocateAsync(CancellationToken.None)).Endpoint!.BaseUrl.Port);
    }

    [Fact]
    public async Task LocateAsync_PortInTheFileIsDead_AsksTheUsualPorts()
    {
        await File.WriteAllTextAsync(_portFile, _high.Proxy.Port.ToString(CultureInfo.InvariantCulture));
        await _high.Proxy.RefuseAsync();

        Assert.Equal(_low.Proxy.Port, (await Discovery().LocateAsync(CancellationToken.None)).Endpoint!.BaseUrl.Port);
    }

    /// <summary>T74: a stranger on the port gets a health request and no text.</summary>
    [Fact]
    public async Task LocateAsync_StrangersOnly_IsAnImpostor()
    {
        _low.OnHealth = _ => Chaos.Respond(CannedResponse.Text(200, """{"status":"healthy"}""", "application/json"));
        await _high.Proxy.RefuseAsync();

        var located = await Discovery().LocateAsync(CancellationToken.None);

        Assert.Null(located.Endpoint);
        Assert.Equal(AttemptOutcome.Impostor, located.Failure!.Outcome);
        Assert.Contains(_low.Proxy.Port.ToString(CultureInfo.InvariantCulture), located.Failure.Detail, StringComparison.Ordinal);
        Assert.Empty(_low.Asks.Snapshot());
    }

    /// <summary>T74 with a URL that everybody sets: on the usual ports it is asked who it is, too; anywhere else its owner knows.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:8825", true)]
    [InlineData("http://127.0.0.1:8829/", true)]
    [InlineData("http://127.0.0.1:8830", false)]
    [InlineData("http://127.0.0.1:8825/base", true)]
    [InlineData("http://localhost:8825", true)]
    [InlineData("http://127.0.0.2:8825", true)]
    [InlineData("http://[::1]:8829", true)]
    [InlineData("https://127.0.0.1:8825", false)]
    [InlineData("https://localhost:8825", false)]
    public void Locator_OfASetUrl_AsksOnTheUsualPorts(string url, bool asks)
    {
        using var services = new ServiceCollection()
            .AddSingleton<TimeProvider>(_time).AddLogging().AddRouting(new RoutingOptions { LocalUrl = new Uri(url) }).BuildServiceProvider();

        var locator = services.GetRequiredService<TargetSet>().All[0].Locator;

        Assert.Equal(asks, locator is LocalDiscovery);
        Assert.Equal(asks ? null : new Uri(url), locator.Known?.BaseUrl);
    }

    /// <summary>What its owner named is asked, path and all, and nothing else.</summary>
    [Theory]
    [InlineData("http://localhost:{0}", "/health")]
    [InlineData("http://127.0.0.1:{0}/base", "/base/health")]
    public async Task LocateAsync_SetUrl_IsAskedAtThatUrl(string url, string path)
    {
        var named = new Uri(string.Format(CultureInfo.InvariantCulture, url, _low.Proxy.Port));
        var others = _low.Proxy.Route!;
        _low.Proxy.Route = request => others(request.Path == path ? request with { Target = "/health" } : request);
        var discovery = new LocalDiscovery(_services.GetRequiredService<BackendClient>(), portFile: null, [_low.Proxy.Port], _time, named);

        var located = await discovery.LocateAsync(CancellationToken.None);

        Assert.Equal(named, located.Endpoint?.BaseUrl);
        Assert.Equal([path], _low.Proxy.Requests.Select(request => request.Path));
    }

    [Fact]
    public async Task LocateAsync_TheOneSetPortIsDeaf_IsAskedOnce()
    {
        var discovery = new LocalDiscovery(_services.GetRequiredService<BackendClient>(), portFile: null, [_low.Proxy.Port], _time);
        await discovery.LocateAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(4));
        _low.OnHealth = _ => Chaos.Respond(CannedResponse.Text(503, "busy", "text/plain"));

        var located = await discovery.LocateAsync(CancellationToken.None);

        Assert.Null(located.Endpoint);
        Assert.Equal(2, _low.Probes.Snapshot().Count);
    }

    /// <summary>A backend that was started anew on another port has written it down.</summary>
    [Fact]
    public async Task LocateAsync_FoundPortIsDead_ReadsThePortFileAgain()
    {
        var discovery = new LocalDiscovery(_services.GetRequiredService<BackendClient>(), _portFile, [FreePort.Find()], _time);
        await File.WriteAllTextAsync(_portFile, _low.Proxy.Port.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(_low.Proxy.Port, (await discovery.LocateAsync(CancellationToken.None)).Endpoint!.BaseUrl.Port);
        await File.WriteAllTextAsync(_portFile, _high.Proxy.Port.ToString(CultureInfo.InvariantCulture));
        await _low.Proxy.RefuseAsync();
        _time.Advance(TimeSpan.FromSeconds(4));

        Assert.Equal(_high.Proxy.Port, (await discovery.LocateAsync(CancellationToken.None)).Endpoint!.BaseUrl.Port);
    }

    /// <summary>T74: with a named identity a lookalike is told as one, whether the port file or the search led to it; else the cloud would be asked in its place.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LocateAsync_LookalikeOfTheNamedBackend_IsNoRefusal(bool standsInTheFile)
    {
        await using var services = new ServiceCollection()
            .AddSingleton<TimeProvider>(_time).AddLogging()
            .AddRouting(new RoutingOptions { LocalBackendId = "local_sha256_eed292c6e467c8ef" }).BuildServiceProvider();
        await _high.Proxy.RefuseAsync();
        if (standsInTheFile)
            await File.WriteAllTextAsync(_portFile, _low.Proxy.Port.ToString(CultureInfo.InvariantCulture));
        var discovery = new LocalDiscovery(
            services.GetRequiredService<BackendClient>(), _portFile, [standsInTheFile ? _high.Proxy.Port : _low.Proxy.Port], _time);

        var located = await discovery.LocateAsync(CancellationToken.None);

        Assert.Equal(AttemptOutcome.Identity, located.Failure?.Outcome);
        Assert.Empty(_low.Probes.Snapshot());
    }

    [Fact]
    public async Task LocateAsync_NobodyThere_IsARefusal()
    {
        await _low.Proxy.RefuseAsync();
        await _high.Proxy.RefuseAsync();

        Assert.Equal(AttemptOutcome.Refused, (await Discovery().LocateAsync(CancellationToken.None)).Failure!.Outcome);
    }

    /// <summary>A lower port that is deaf is not waited for long once a higher one has answered.</summary>
    [Fact]
    public async Task LocateAsync_LowerPortIsDeaf_IsNotWaitedFor()
    {
        _low.OnHealth = _ => Chaos.StallBeforeHeaders;
        var locating = Discovery().LocateAsync(CancellationToken.None).AsTask();
        await _low.Probes.ItemAsync(1);
        await _high.Probes.ItemAsync(1);

        // The deaf port's limit and the limit of waiting for it are left when the other one's answer is in.
        Assert.True(SpinWait.SpinUntil(() => _time.Waiting.Count == 2, TestTimeouts.Signal));
        _time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.Equal(_high.Proxy.Port, (await locating).Endpoint!.BaseUrl.Port);
    }

    /// <summary>The port in the file belongs to a backend that hangs: the others are asked beside it after half a second, and the search ends after two.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LocateAsync_PortInTheFileIsDeaf_TheOthersAreAskedBesideIt(bool othersAreDeafToo)
    {
        await File.WriteAllTextAsync(_portFile, _high.Proxy.Port.ToString(CultureInfo.InvariantCulture));
        _high.OnHealth = _ => Chaos.StallBeforeHeaders;
        if (othersAreDeafToo)
            _low.OnHealth = _ => Chaos.StallBeforeHeaders;
        var locating = Discovery().LocateAsync(CancellationToken.None).AsTask();
        await _high.Probes.ItemAsync(1);
        Advance(TimeSpan.FromMilliseconds(500), waiting: 2);
        await _low.Probes.ItemAsync(1);
        Advance(TimeSpan.FromMilliseconds(500), waiting: othersAreDeafToo ? 3 : 2);
        if (othersAreDeafToo)
            Advance(TimeSpan.FromMilliseconds(1_000), waiting: 2);

        var located = await locating;
        if (othersAreDeafToo)
            Assert.Equal((AttemptOutcome.ConnectTimeout, $"port {_high.Proxy.Port} does not answer"), (located.Failure!.Outcome, located.Failure.Detail));
        else
            Assert.Equal(_low.Proxy.Port, located.Endpoint!.BaseUrl.Port);
    }

    /// <summary>A busy machine: who answers late, but within the limit, is found all the same.</summary>
    [Fact]
    public async Task LocateAsync_OnlyPortAnswersLate_IsFound()
    {
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _low.OnHealth = _ => Chaos.RespondWhen(late.Task, CannedResponse.Json(200, MaestraReplies.Health("local", _low.Proxy.Port)));
        await _high.Proxy.RefuseAsync();
        var locating = Discovery().LocateAsync(CancellationToken.None);
        await _low.Probes.ItemAsync(1);
        _time.Advance(TimeSpan.FromMilliseconds(1_900));
        late.SetResult();

        Assert.Equal(_low.Proxy.Port, (await locating).Endpoint!.BaseUrl.Port);
    }

    [Fact]
    public async Task LocateAsync_FoundAWhileAgoOrForgotten_IsAskedAgain()
    {
        var discovery = Discovery();
        await discovery.LocateAsync(CancellationToken.None);
        await discovery.LocateAsync(CancellationToken.None);
        Assert.Single(_low.Probes.Snapshot());

        _time.Advance(TimeSpan.FromSeconds(4));
        await discovery.LocateAsync(CancellationToken.None);
        Assert.Equal(2, _low.Probes.Snapshot().Count);

        discovery.Forget();
        await discovery.LocateAsync(CancellationToken.None);
        Assert.Equal(3, _low.Probes.Snapshot().Count);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _services.DisposeAsync();
        await _low.DisposeAsync();
        await _high.DisposeAsync();
        File.Delete(_portFile);
    }

    /// <param name="waiting">How many waits the clock has before.</param>
    private void Advance(TimeSpan time, int waiting)
    {
        Assert.True(SpinWait.SpinUntil(() => _time.Waiting.Count == waiting, TestTimeouts.Signal), $"{_time.Waiting.Count} wait");
        _time.Advance(time);
    }

    private LocalDiscovery Discovery() =>
        new(_services.GetRequiredService<BackendClient>(), _portFile, ImmutableArray.Create(_low.Proxy.Port, _high.Proxy.Port), _time);
}
