using System.Collections.Immutable;
using System.Globalization;
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
    private readonly ServiceProvider _services = new ServiceCollection().AddLogging().AddRouting(new RoutingOptions()).BuildServiceProvider();

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

    [Fact]
    public async Task LocateAsync_NobodyThere_IsARefusal()
    {
        await _low.Proxy.RefuseAsync();
        await _high.Proxy.RefuseAsync();

        Assert.Equal(AttemptOutcome.Refused, (await Discovery().LocateAsync(CancellationToken.None)).Failure!.Outcome);
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

    private LocalDiscovery Discovery() =>
        new(_services.GetRequiredService<BackendClient>(), _portFile, ImmutableArray.Create(_low.Proxy.Port, _high.Proxy.Port), _time);
}
