using System.Text.RegularExpressions;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.FirstLight;

/// <summary>
/// Writes the list of what a hub compiles as it starts, answers its first questions and meets its first refusal, in both eras of the
/// protocol: the runtime's own, for <c>src/ConversationHub.Mcp/start-methods.txt</c>. The hub must be published without such a list.
/// </summary>
internal static partial class StartMethods
{
    public const string Heading =
        "# Methods that a start or a first question would compile as it runs; made by the benchmark start-methods (docs/bench/start-up.md).";

    private const string Meta =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"benchmark","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}""";

    public static async Task RunAsync(string hub, string list)
    {
        using var folder = new TemporaryFolder();
        await using var stub = new StubBackend();
        await using var refusing = ChaosProxy.Start();
        await refusing.RefuseAsync();
        var names = new List<string> { Heading };
        await RecordAsync(hub, Server.HubEnvironment(folder.Path, stub.Url, cloud: null), OlderEraAsync, folder.Path, names);
        await RecordAsync(hub, Server.HubEnvironment(folder.Path, refusing.Url.ToString(), stub.Url), NewerEraAsync, folder.Path, names);
        await RecordAsync(hub, Server.HubEnvironment(folder.Path, refusing.Url.ToString(), stub.Url), OlderEraAsync, folder.Path, names);
        await File.WriteAllLinesAsync(list, names.Distinct());
    }

    private static async Task RecordAsync(string hub, Dictionary<string, string> environment, Func<McpPipe, Task> talk, string folder, List<string> names)
    {
        var record = Record(environment, folder);
        await using (var pipe = McpPipe.Start(hub, [], environment))
            await talk(pipe);
        names.AddRange(NamesIn(record));
    }

    /// <summary>Has a program that is started with this environment write what it compiles.</summary>
    /// <returns>Where to.</returns>
    public static string Record(Dictionary<string, string> environment, string folder)
    {
        var record = Path.Combine(folder, Path.GetRandomFileName());
        environment["DOTNET_JitStdOutFile"] = record;
        environment["DOTNET_JitDisasmSummary"] = "1";
        return record;
    }

    public static IEnumerable<string> NamesIn(string record) =>
        File.ReadLines(record).Select(static line => Compiled().Match(line)).Where(static match => match.Success).Select(static match => match.Groups[1].Value);

    private static async Task OlderEraAsync(McpPipe pipe)
    {
        await pipe.InitializeAsync();
        await pipe.RequestAsync("tools/list", "{}");
        await pipe.CallAsync("maestra_ask", DirectAsk.Arguments);
        await pipe.RequestAsync("tools/call", $$"""{"name":"maestra_ask","arguments":{{DirectAsk.Arguments}},"_meta":{"progressToken":"p"} }""");
        await pipe.CallAsync("maestra_health", "{}");
        await pipe.CallAsync("maestra_ask", DirectAsk.Arguments);
    }

    private static async Task NewerEraAsync(McpPipe pipe)
    {
        await pipe.RequestAsync("server/discover", $$"""{"_meta":{{Meta}} }""");
        await pipe.RequestAsync("tools/list", $$"""{"_meta":{{Meta}} }""");
        for (var call = 0; call < 2; call++)
            await pipe.RequestAsync("tools/call", $$"""{"name":"maestra_ask","arguments":{{DirectAsk.Arguments}},"_meta":{{Meta}} }""");
    }

    /// <summary>Not what was compiled again for speed, nor stubs, which have no name to be found by.</summary>
    [GeneratedRegex(@"JIT compiled ((?!.*IL_STUB)[^(]+)\(.* \[(?!Tier1)")]
    private static partial Regex Compiled();
}
