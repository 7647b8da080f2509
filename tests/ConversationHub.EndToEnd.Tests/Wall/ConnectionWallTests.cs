using static ConversationHub.EndToEnd.Tests.Wall.Faults;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Backends that cannot be reached, or not in the way that was agreed.</summary>
public sealed class ConnectionWallTests
{
    private static readonly ScenarioTable Rows = new(
        // name                                    local                    cloud                attempts                                         asks
        new("both fine", Fine, Fine, "local answered", (1, 0)),
        new("both fine, stateless era", Fine, Fine, "local answered", (1, 0)) { Era = Testing.Mcp.McpEra.Stateless },
        new("refused", Refuses, Fine, "local refused; cloud answered", (0, 1)),
        new("refused, legacy tool", Refuses, Fine, "local refused; cloud answered", (0, 1)) { Tool = "maestra_legacy_ask" },
        new("connection never accepted", NeverAccepts, Fine, "local connect_timeout; cloud answered", (0, 1)),
        new("host name unknown", Fine, Fine, "local dns; cloud answered", (0, 1)) { Settings = [("MAESTRA_LOCAL_URL", "https://no-such-host.invalid")] },
        new("blackhole", Blackhole, Fine, "local stalled?; cloud answered", (0, 1)),
        new("reset before the request was read", ResetsUnread, Fine, "local reset?; cloud answered", (0, 1)),
        new("reset after the request was read", ResetsAfterReading, Fine, "local reset?; cloud answered", (1, 1)),
        new("closed after the request was read", ClosesAfterReading, Fine, "local reset?; cloud answered", (1, 1)),
        new("reset, legacy tool", ResetsAfterReading, Fine, "local reset?; cloud answered", (1, 1)) { Tool = "maestra_legacy_ask" },
        new("garbage", Garbage, Fine, "local malformed?; cloud answered", (0, 1)),
        new("TLS to a plain port", PlainWhereTlsIsExpected, Fine, "local tls", (0, 0)) { Error = "all_targets_failed", Says = "cannot be trusted" },
        new("plain to a TLS port", TlsWherePlainIsExpected, Fine, "local reset?; cloud answered", (0, 1)),
        new("certificate that nobody trusts", UntrustedCertificate, Fine, "local tls", (0, 0)) { Error = "all_targets_failed", Says = "cannot be trusted" },
        new("cloud with a certificate that nobody trusts", Refuses, UntrustedCertificate, "local refused; cloud tls", (0, 0)) { Error = "all_targets_failed" },
        new("both refuse", Refuses, Refuses, "local refused; cloud refused", (0, 0)) { Error = "all_targets_failed" },
        new("both reset", ResetsAfterReading, ResetsAfterReading, "local reset?; cloud reset?", (1, 1)) { Error = "all_targets_failed" },
        new("local refuses, cloud never accepts", Refuses, NeverAccepts, "local refused; cloud connect_timeout", (0, 0)) { Error = "all_targets_failed" },
        new("local refuses, cloud is a blackhole", Refuses, Blackhole, "local refused; cloud stalled?", (0, 0)) { Error = "all_targets_failed" },
        new("both blackholes", Blackhole, Blackhole, "local stalled?; cloud stalled?", (0, 0)) { Error = "all_targets_failed" });

    public static TheoryData<string> Names => Rows.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public Task Ask_ConnectionFails_IsToldFromBothSides(string name) => Rows.RunAsync(name);
}
