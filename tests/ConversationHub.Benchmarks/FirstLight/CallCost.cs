using System.Diagnostics;
using System.Globalization;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;

namespace ConversationHub.Benchmarks.FirstLight;

/// <summary>
/// What a call costs in the MCP server itself: against a backend that costs nothing, in processor time of the server's own process and in
/// calls a second, in turns with the TypeScript server and with the same request sent directly.
/// </summary>
internal static class CallCost
{
    private const int WarmUpCalls = 6_000;
    private const int CallsEach = 4_000;
    private const int Turns = 5;
    private const int SingleCalls = 300;
    private const int InFlight = 16;

    public static async Task RunAsync(string hub, string typescriptServer, TextWriter report)
    {
        using var folder = new TemporaryFolder();
        await using var stub = new StubBackend();
        using var http = new HttpClient();
        await using var hubPipe = Server.Hub(hub, folder.Path, stub.Url).Start();
        await using var peerPipe = Server.TypeScript(typescriptServer, stub.Url).Start();
        Way[] ways =
        [
            new("direct HTTP", () => DirectAsk.SendAsync(http, stub.Url), null),
            new("conversation-hub-mcp", () => hubPipe.CallAsync("maestra_ask", DirectAsk.Arguments), hubPipe),
            new("TypeScript SDK server", () => peerPipe.CallAsync("maestra_ask", DirectAsk.Arguments), peerPipe),
        ];
        foreach (var way in ways)
        {
            if (way.Pipe is { } pipe)
                await pipe.InitializeAsync();
            await ManyCalls.PerSecondAsync(way.Call, WarmUpCalls, InFlight);
        }

        for (var turn = 0; turn < Turns; turn++)
        {
            foreach (var way in ways)
                await way.MeasureAsync();
        }

        await report.WriteLineAsync("\n| stub backend | calls/s, 16 in flight (best and median turn) | processor time a call in the server | one at a time |\n|---|---|---|---|");
        foreach (var way in ways)
            await report.WriteLineAsync(way.Row());
    }

    private sealed record Way(string Name, Func<Task> Call, McpPipe? Pipe)
    {
        private readonly List<double> _rates = [];
        private readonly List<double> _costs = [];
        private readonly List<TimeSpan> _single = [];

        public async Task MeasureAsync()
        {
            var before = Pipe?.Processor ?? TimeSpan.Zero;
            _rates.Add(await ManyCalls.PerSecondAsync(Call, CallsEach, InFlight));
            _costs.Add(((Pipe?.Processor ?? TimeSpan.Zero) - before).TotalMicroseconds / CallsEach);
            for (var i = 0; i < SingleCalls; i++)
            {
                var started = Stopwatch.GetTimestamp();
                await Call();
                _single.Add(Stopwatch.GetElapsedTime(started));
            }
        }

        public string Row() => string.Create(
            CultureInfo.InvariantCulture,
            $"| {Name} | {_rates.Max():0}, {Middle(_rates):0} | {(Pipe is null ? "–" : $"{Middle(_costs):0} µs")} | {new Samples(_single)} |");

        private static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);
    }
}
