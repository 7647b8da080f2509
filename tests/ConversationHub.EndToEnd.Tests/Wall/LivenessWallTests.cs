using static ConversationHub.EndToEnd.Tests.Wall.Faults;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Slow is not dead: who is given time, and who is not.</summary>
public sealed class LivenessWallTests
{
    private static readonly ScenarioTable Rows = new(
        new("slow but alive, by its health", SlowButAlive, Fine, "local answered", (1, 0)) { TimeoutSeconds = 20 },
        new("slow but alive, by heartbeats", StreamsSlowly, Fine, "local answered", (1, 0)) { TimeoutSeconds = 20, Warm = true },
        new("alive, but beyond its share of the time", SilentButAlive, Fine, "local deadline?; cloud answered", (1, 1)),
        new("drip that takes longer than there is time", DripsTooSlowly, Fine, "local deadline?; cloud answered", (1, 1)),
        new("slow but alive, by the pieces of its reply", DripsInSevenPieces, Fine, "local answered", (1, 0)) { TimeoutSeconds = 20 },
        new("hangs before the headers, health too", Silent, Fine, "local stalled?; cloud answered", (1, 1)) { TimeoutSeconds = 20 },
        new("hangs after the headers, health too", SilentAfterHeaders, Fine, "local stalled?; cloud answered", (1, 1)) { TimeoutSeconds = 20 },
        new("hangs in the body, health too", SilentInTheBody, Fine, "local stalled?; cloud answered", (1, 1)) { TimeoutSeconds = 20 },
        new("heartbeats stop", StreamStops, Fine, "local stalled?; cloud answered", (1, 1)) { TimeoutSeconds = 20, Warm = true },
        new("fine, and says that it is unhealthy", FineButSaysUnhealthy, Fine, "local answered", (1, 0)),
        new("fine, and its health hangs", FineButHealthHangs, Fine, "local answered", (1, 0)) { Warm = true },
        new("silent cloud", Refuses, Silent, "local refused; cloud stalled?", (0, 1)) { TimeoutSeconds = 20, Error = "all_targets_failed" },
        new("cloud alive until the time is spent", Refuses, SilentButAlive, "local refused; cloud deadline?", (0, 1)) { Error = "deadline_exceeded" },
        new("both alive until the time is spent", SilentButAlive, SilentButAlive, "local deadline?; cloud deadline?", (1, 1)) { Error = "deadline_exceeded" });

    public static TheoryData<string> Names => Rows.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public Task Ask_BackendIsSlowOrDead_IsToldApart(string name) => Rows.RunAsync(name);
}
