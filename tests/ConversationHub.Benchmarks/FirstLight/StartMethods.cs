using System.Text.RegularExpressions;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace ConversationHub.Benchmarks.FirstLight;

/// <summary>
/// Writes the list of what a hub runs as it starts, answers its first questions and meets its first refusal, in both eras of the
/// protocol, for <c>src/ConversationHub.Mcp/start-methods.txt</c>. The hub must be published without such a list, or what it compiles all the same is not seen.
/// </summary>
internal static partial class StartMethods
{
    private const string Heading =
        "# Methods that a start or a first question runs, in that order; made by the benchmark start-methods (docs/bench/start-up.md).";

    private const string Meta =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"benchmark","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}""";

    public static Task RunAsync(string hub, string list) => WriteAsync(list, async (folder, recording) =>
    {
        await using var stub = new StubBackend();
        await using var refusing = ChaosProxy.Start();
        await refusing.RefuseAsync();
        await TalkAsync(hub, Server.HubEnvironment(folder, stub.Url, cloud: null), recording, OlderEraAsync);
        await TalkAsync(hub, Server.HubEnvironment(folder, refusing.Url.ToString(), stub.Url), recording, NewerEraAsync);
        await TalkAsync(hub, Server.HubEnvironment(folder, refusing.Url.ToString(), stub.Url), recording, OlderEraAsync);
    });

    /// <param name="list">Where to.</param>
    /// <param name="run">Starts the program, each time in a new folder and with the environment that has it record what it does.</param>
    public static async Task WriteAsync(string list, Func<string, Dictionary<string, string>, Task> run)
    {
        using var records = new TemporaryFolder();
        var everything = Path.Combine(records.Path, "everything");
        var late = Path.Combine(records.Path, "late");
        var summary = new Dictionary<string, string> { ["DOTNET_JitDisasmSummary"] = "1" };
        // Nothing that was compiled ahead may be used, so that the compiler names all that is run.
        await RunAsync(new(summary) { ["DOTNET_JitStdOutFile"] = everything, ["DOTNET_ReadyToRun"] = "0" });
        await RunAsync(new(summary) { ["DOTNET_JitStdOutFile"] = late });
        await RunAsync(new()
        {
            ["DOTNET_EnableEventPipe"] = "1",
            ["DOTNET_EventPipeConfig"] = $"{ClrTraceEventParser.ProviderName}:0x{(long)ClrTraceEventParser.Keywords.CompilationDiagnostic:x}:{(int)TraceEventLevel.Verbose}",
            ["DOTNET_EventPipeOutputPath"] = Path.Combine(records.Path, "{pid}.nettrace"),
        });

        // Only the compiler names what a generic method is generic over; but it names also what is not entered, since it was compiled into its callers.
        var entered = Directory.GetFiles(records.Path, "*.nettrace").SelectMany(EnteredIn).ToHashSet();
        var names = NamesIn(everything).Where(name => entered.Contains(TypeArguments().Replace(name, ""))).Concat(NamesIn(late)).Distinct();
        await File.WriteAllLinesAsync(list, names.Prepend(Heading));

        async Task RunAsync(Dictionary<string, string> recording)
        {
            using var folder = new TemporaryFolder();
            await run(folder.Path, recording);
        }
    }

    private static async Task TalkAsync(string hub, Dictionary<string, string> environment, Dictionary<string, string> recording, Func<McpPipe, Task> talk)
    {
        await using var pipe = McpPipe.Start(hub, [], environment.Concat(recording).ToDictionary());
        await talk(pipe);
    }

    private static IEnumerable<string> NamesIn(string record) =>
        File.ReadLines(record).Select(static line => Compiled().Match(line)).Where(static match => match.Success).Select(static match => match.Groups[1].Value);

    private static HashSet<string> EnteredIn(string trace)
    {
        var names = new HashSet<string>();
        using var source = new EventPipeEventSource(trace);
        source.Clr.MethodR2RGetEntryPoint += entry => names.Add(TypeArguments().Replace($"{entry.MethodNamespace}:{entry.MethodName}", ""));
        source.Process();
        return names;
    }

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

    [GeneratedRegex(@"\[[^:]*\](?=:|$)")]
    private static partial Regex TypeArguments();
}
