using ConversationHub.Testing.Backends;
using static ConversationHub.EndToEnd.Tests.Wall.Faults;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>A local backend that nobody named: found by the port file, or on one of the usual ports.</summary>
public sealed class DiscoveryWallTests
{
    /// <summary>Below it and above it one is asked, too.</summary>
    private const int Port = 8827;

    private static readonly Scenario[] Rows =
    [
        new("alive", Fine, Fine, "local answered", (1, 0)),
        new("alive, legacy tool", Fine, Fine, "local answered", (1, 0)) { Tool = "maestra_legacy_ask" },
        new("accepts and never answers", Blackhole, Fine, "local connect_timeout; cloud answered", (0, 1)) { TimeoutSeconds = 20 },
        new("another service", AnotherServiceAltogether, Fine, "local impostor; cloud answered", (0, 1)) { TimeoutSeconds = 20 },
        new("resets what it has read", ResetsAfterReading, Fine, "local reset?; cloud answered", (1, 1)),
        new("alive, but beyond its share of the time", SilentButAlive, Fine, "local deadline?; cloud answered", (1, 1)),
        new("stops giving signs of life with the question", FoundThenSilent, Fine, "local stalled?; cloud answered", (1, 1)) { TimeoutSeconds = 20 },
    ];

    public static TheoryData<Finding, string> Found
    {
        get
        {
            var rows = new TheoryData<Finding, string>();
            foreach (var row in Rows)
            {
                rows.Add(Finding.PortFile, row.Name);
                rows.Add(Finding.UsualPorts, row.Name);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Found))]
    public async Task Ask_LocalIsFound_IsToldFromBothSides(Finding finding, string name)
    {
        var scenario = Rows.Single(row => row.Name == name) with { Finding = finding };
        using var usual = await UsualPorts.HoldAsync();
        if (finding == Finding.UsualPorts)
            usual.LetGo(Port);
        await Pace.ProveAsync(async () =>
        {
            await using var wall = new WallRig(scenario.Local, scenario.Cloud, finding, finding == Finding.UsualPorts ? Port : 0);
            WallScore.Check(scenario, await wall.RunAsync(scenario));
        });
    }

    /// <summary>Everything in flight is answered by the cloud once and told so; the backend is found again where it comes back.</summary>
    [Theory]
    [InlineData(Finding.PortFile)]
    [InlineData(Finding.UsualPorts)]
    public async Task KilledInTheMiddleOfCalls_AndBackOnAnotherPort_IsFoundThere(Finding finding)
    {
        using var usual = await UsualPorts.HoldAsync();
        var (first, second) = finding == Finding.UsualPorts ? (usual.LetGo(Port), usual.LetGo(Port + 1)) : (0, 0);
        await Pace.ProveAsync(() => KillInTheMiddleOfCallsAsync(finding, first, second));
    }

    private static async Task KillInTheMiddleOfCallsAsync(Finding finding, int first, int second)
    {
        const int Calls = 20;
        await using var wall = new WallRig(SilentButAlive, finding: finding, localPort: first);
        await using var hub = await wall.StartAsync(timeoutSeconds: 50);
        var asking = Enumerable.Range(1, Calls).Select(number => hub.AskAsync($"question {number}")).ToList();
        await wall.Local.Asks.ItemAsync(Calls);

        await wall.Local.Proxy.RefuseAsync();
        var told = await Task.WhenAll(asking);
        await using var back = ScriptedBackend.Start("local", port: second);
        if (finding == Finding.PortFile)
            await wall.Home.WritePortFileAsync(back.Proxy.Port);
        await hub.BreakerAsync("local", "closed");
        var after = await hub.AskAsync("after");

        Assert.All(told, answer => Assert.Equal("local reset?; cloud answered", WallScore.Attempts(answer)));
        Assert.Equal(Calls, told.Select(answer => answer.String("operation_id")).Distinct().Count());
        Assert.Equal((Calls, Calls), (wall.Local.Asks.Snapshot().Count, wall.Cloud.Asks.Snapshot().Count));
        Assert.Equal("local answered", WallScore.Attempts(after));
        Assert.Equal(after.String("operation_id"), Assert.Single(back.Asks.Snapshot()).OperationId);
    }

    /// <summary>T74: the port file names a port that now belongs to another service.</summary>
    [Fact]
    public async Task StrangerOnTheDiscoveredPort_IsAskedForItsHealthAndNothingElse()
    {
        using var usual = await UsualPorts.HoldAsync();
        await using var wall = new WallRig(AnotherServiceAltogether, finding: Finding.PortFile);
        await using var hub = await wall.StartAsync();

        await hub.AskAsync();

        Assert.NotEmpty(wall.Local.Probes.Snapshot());
        Assert.Empty(wall.Local.Asks.Snapshot());
    }
}
