using static ConversationHub.EndToEnd.Tests.Wall.Faults;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Hedging, for owners who ask for it: the cloud is asked as well once local has taken its time.</summary>
public sealed class HedgingWallTests
{
    private static readonly (string, string) Hedge = ("MAESTRA_HEDGE_MS", "300");

    private static readonly ScenarioTable Rows = new(
        new("hedged, local is fast", Fine, Fine, "local answered", (1, 0)) { Settings = [("MAESTRA_HEDGE_MS", "20000")], TimeoutSeconds = 50 },
        new("hedged, local is slow", SilentButAlive, Fine, "local abandoned?; cloud answered", (1, 1)) { Settings = [Hedge] },
        new("hedged, local is slow and the cloud refuses", SlowButAlive, Refuses, "local answered; cloud refused", (1, 0)) { Settings = [Hedge], TimeoutSeconds = 20 },
        new("hedged, local fails at once", ResetsAfterReading, Fine, "local reset?; cloud answered", (1, 1)) { Settings = [Hedge] },
        new("hedged, both silent", Silent, Silent, "local stalled?; cloud stalled?", (1, 1)) { Settings = [Hedge], TimeoutSeconds = 20, Error = "all_targets_failed" });

    public static TheoryData<string> Names => Rows.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public Task Ask_Hedged_FirstGoodAnswerWins(string name) => Rows.RunAsync(name);
}
