using System.Diagnostics;
using System.Globalization;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.FirstLight;

/// <summary>
/// What issue "First light" asks to measure: the published hub beside a server of the TypeScript SDK that makes the same call, both
/// against one published backend, and, for the start, beside the simplest server of the C# SDK; in one run, taking turns.
/// </summary>
internal static class FirstLightBenchmark
{
    private const int Starts = 15;
    private const int WarmUpCalls = 200;
    private const int Calls = 1_000;
    private const int LoadCalls = 4_000;
    private const int InFlight = 16;
    private const int FailoverStarts = 15;

    public static async Task RunAsync(string hub, string backend, string typescriptServer, string dotnetSample, string emptyProgram, TextWriter report)
    {
        using var folder = new TemporaryFolder();
        var port = FreePort.Find();
        var backendUrl = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        using var service = await RunningService.StartAsync(
            new Uri($"{backendUrl}/health"),
            backend,
            ["serve", "--mode", "local", "--port", port.ToString(CultureInfo.InvariantCulture)],
            new Dictionary<string, string> { ["HOME"] = folder.Path, ["TEST_MODE"] = "true", ["LOG_LEVEL"] = "ERROR" });
        Server[] servers = [Server.Hub(hub, folder.Path, backendUrl), Server.TypeScript(typescriptServer, backendUrl)];
        Server sample = new("C# SDK's sample, one echo tool", dotnetSample, [], new Dictionary<string, string> { ["HOME"] = folder.Path }) { Tool = "echo" };
        Server empty = new("a program that does nothing, published alike", emptyProgram, [], new Dictionary<string, string> { ["HOME"] = folder.Path });
        await MeasureStartAsync([.. servers, sample, empty], report);
        await MeasureCallsAsync(servers, backendUrl, report);
        await CallCost.RunAsync(hub, typescriptServer, report);
        await MeasureFailoverAsync(hub, folder.Path, backendUrl, report);
    }

    /// <summary>Process start to the answer of <c>initialize</c>, and to the first answer of a question.</summary>
    private static async Task MeasureStartAsync(Server[] servers, TextWriter report)
    {
        var first = servers.ToDictionary(static server => server.Name, static _ => new List<TimeSpan>());
        var asked = servers.ToDictionary(static server => server.Name, static _ => new List<TimeSpan>());
        var memory = servers.ToDictionary(static server => server.Name, static _ => new List<double>());
        for (var i = 0; i < Starts; i++)
        {
            foreach (var server in servers)
            {
                var started = Stopwatch.GetTimestamp();
                await using var pipe = server.Start();
                await pipe.InitializeAsync();
                first[server.Name].Add(Stopwatch.GetElapsedTime(started));
                memory[server.Name].Add(pipe.ResidentMegabytes);
                await pipe.CallAsync(server.Tool, DirectAsk.Arguments);
                asked[server.Name].Add(Stopwatch.GetElapsedTime(started));
            }
        }

        await report.WriteLineAsync("| server | start to `initialize` | start to first answer | resident, idle |\n|---|---|---|---|");
        foreach (var server in servers)
        {
            await report.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"| {server.Name} | {new Samples(first[server.Name])} | {new Samples(asked[server.Name])} | {memory[server.Name].Order().ElementAt(Starts / 2):0} MB |"));
        }
    }

    /// <summary>Added latency over a direct call, and calls a second with 16 in flight.</summary>
    private static async Task MeasureCallsAsync(Server[] servers, string backendUrl, TextWriter report)
    {
        using var http = new HttpClient();
        await using var hub = servers[0].Start();
        await using var peer = servers[1].Start();
        await hub.InitializeAsync();
        await peer.InitializeAsync();
        (string Name, Func<Task> Call)[] ways =
        [
            ("direct HTTP", () => DirectAsk.SendAsync(http, backendUrl)),
            (servers[0].Name, () => hub.CallAsync("maestra_ask", DirectAsk.Arguments)),
            (servers[1].Name, () => peer.CallAsync("maestra_ask", DirectAsk.Arguments)),
        ];
        var samples = ways.ToDictionary(static way => way.Name, static _ => new List<TimeSpan>());
        for (var i = 0; i < WarmUpCalls + Calls; i++)
        {
            foreach (var (name, call) in ways)
            {
                var started = Stopwatch.GetTimestamp();
                await call();
                if (i >= WarmUpCalls)
                    samples[name].Add(Stopwatch.GetElapsedTime(started));
            }
        }

        await report.WriteLineAsync("\n| way | one at a time | added to direct, p50 | calls/s, 16 in flight |\n|---|---|---|---|");
        var direct = new Samples(samples[ways[0].Name]);
        foreach (var (name, call) in ways)
        {
            var measured = new Samples(samples[name]);
            var rate = await ManyCalls.PerSecondAsync(call, LoadCalls, InFlight);
            await report.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"| {name} | {measured} | {measured.Median - direct.Median:0.00} ms | {rate:0} |"));
        }

        await report.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"\nResident after load: hub {hub.ResidentMegabytes:0} MB, TypeScript {peer.ResidentMegabytes:0} MB."));
    }

    /// <summary>The same cloud, once asked because local refuses, once directly: what a refusal adds to the first call and to later ones.</summary>
    private static async Task MeasureFailoverAsync(string hub, string folder, string cloudUrl, TextWriter report)
    {
        await using var refusing = ChaosProxy.Start();
        await refusing.RefuseAsync();
        var cases = new (string Name, IReadOnlyDictionary<string, string> Environment)[]
        {
            ("cloud only", Server.HubEnvironment(folder, refusing.Url.ToString(), cloudUrl, route: "cloud-only")),
            ("local refuses, then cloud", Server.HubEnvironment(folder, refusing.Url.ToString(), cloudUrl)),
        };
        var first = cases.ToDictionary(static one => one.Name, static _ => new List<TimeSpan>());
        var later = cases.ToDictionary(static one => one.Name, static _ => new List<TimeSpan>());
        for (var i = 0; i < FailoverStarts; i++)
        {
            foreach (var (name, environment) in cases)
            {
                await using var pipe = McpPipe.Start(hub, [], environment);
                await pipe.InitializeAsync();
                await pipe.RequestAsync("tools/list", "{}");
                for (var call = 0; call < 50; call++)
                {
                    var started = Stopwatch.GetTimestamp();
                    await pipe.CallAsync("maestra_ask", DirectAsk.Arguments);
                    (call == 0 ? first : later)[name].Add(Stopwatch.GetElapsedTime(started));
                }
            }
        }

        await report.WriteLineAsync("\n| failover | first call of a process | later calls, breaker open |\n|---|---|---|");
        foreach (var (name, _) in cases)
            await report.WriteLineAsync($"| {name} | {new Samples(first[name])} | {new Samples(later[name])} |");
    }

}
