using static ConversationHub.EndToEnd.Tests.Wall.Faults;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>What the owner allows, and what a call may narrow: never wider, whatever fails.</summary>
public sealed class RouteWallTests
{
    private static readonly (string, string) FallbackOff = ("MAESTRA_FALLBACK_ENABLED", "false");
    private static readonly (string, string) LocalOnly = ("MAESTRA_ROUTE", "local-only");
    private static readonly (string, string) CloudOnly = ("MAESTRA_ROUTE", "cloud-only");

    private static readonly ScenarioTable Rows = new(
        new("fallback off, local refuses", Refuses, Fine, "local refused", (0, 0)) { Settings = [FallbackOff], Error = "all_targets_failed", Says = "MAESTRA_FALLBACK_ENABLED" },
        new("fallback off, local dead", Silent, Fine, "local stalled?", (1, 0)) { Settings = [FallbackOff], Error = "all_targets_failed", Says = "signs of life" },
        new("fallback off, local slow but alive", SlowButAlive, Fine, "local answered", (1, 0)) { Settings = [FallbackOff], TimeoutSeconds = 20 },
        new("fallback off, call wants the cloud", Fine, Fine, "", (0, 0)) { Settings = [FallbackOff], Route = "cloud-only", Error = "no_target_allowed" },
        new("no cloud at all, local resets", ResetsAfterReading, Fine, "local reset?", (1, 0)) { Settings = [("MAESTRA_CLOUD_URL", "")], Error = "all_targets_failed", Says = "MAESTRA_CLOUD_URL" },
        new("no cloud, local known to recognise a repeat, resets", ResetsAfterReading, Fine, "local reset?; local reset?", (2, 0)) { Settings = [LocalOnly], Warm = true, Error = "all_targets_failed" },
        new("local-only by setting", Refuses, Fine, "local refused", (0, 0)) { Settings = [LocalOnly], Error = "all_targets_failed", Says = "local-only" },
        new("local-only by setting, call wants the cloud", Fine, Fine, "", (0, 0)) { Settings = [LocalOnly], Route = "cloud-only", Error = "no_target_allowed" },
        new("local-only by argument", Problem(503, "overloaded"), Fine, "local http_status 503 overloaded", (1, 0)) { Route = "local-only", Error = "all_targets_failed" },
        new("cloud-only by setting", Fine, Fine, "cloud answered", (0, 1)) { Settings = [CloudOnly] },
        new("cloud-only by setting, cloud refuses", Fine, Refuses, "cloud refused", (0, 0)) { Settings = [CloudOnly], Error = "all_targets_failed" },
        new("cloud-only by argument", Fine, Fine, "cloud answered", (0, 1)) { Route = "cloud-only" },
        new("cloud-only by argument, cloud resets", Fine, ResetsAfterReading, "cloud reset?", (0, 1)) { Route = "cloud-only", Error = "all_targets_failed" });

    public static TheoryData<string> Names => Rows.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public Task Ask_OwnerLimitsTheRoute_IsKeptTo(string name) => Rows.RunAsync(name);
}
