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
