using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Mcp;
using Xunit.Abstractions;

namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>
/// No effect is lost, doubled or kept silent about, whatever the wires lose and whichever backend is killed (issue 4, Proof).
/// <c>MAESTRA_FAULT_CALLS</c> and <c>MAESTRA_FAULT_SEED</c> choose how many calls and which faults.
/// </summary>
public sealed class FaultInjectionTests(ITestOutputHelper output)
{
    private const string Key = "mk_0123456789abcdefghijkl";
    private const int CallsInCi = 300;
    private const int DefaultSeed = 20260105;
    private const int Workers = 16;
    private const int CallsPerConversation = 200;
    private const int RepeatsAtTheEnd = 1_000;
    private const int MinCallsBetweenKills = 30;
    private const int MaxCallsBetweenKills = 110;
    private const int MaxCallsWhileDown = 20;

    private static readonly string[] Marks = ["replayed", "resumed"];

    private readonly int _calls = Number("MAESTRA_FAULT_CALLS", CallsInCi);
    private readonly int _seed = Number("MAESTRA_FAULT_SEED", DefaultSeed);
    private readonly List<CallRecord> _records = [];
    private readonly Lock _gate = new();
    private int _asked;

    [Fact]
    public async Task Ask_WiresLoseThingsAndBackendsAreKilled_NoEffectIsLostDoubledOrKeptSilent()
    {
        var started = Stopwatch.GetTimestamp();
        using var home = new HubHome();
        await using var local = await FaultyBackend.StartAsync("local", Key, _seed);
        await using var cloud = await FaultyBackend.StartAsync("cloud", Key, _seed + 1);
        await using var hub = await StdioMcpClient.StartAsync(home.Serve(
            ("MAESTRA_LOCAL_URL", local.Wire.Url.ToString()), ("MAESTRA_CLOUD_URL", cloud.Wire.Url.ToString()),
            ("MAESTRA_API_KEY", Key), ("MAESTRA_TIMEOUT_SECONDS", "10")));
        var calls = new ManyCalls(hub);

        var killing = KillAsync([local, cloud]);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => AskAsync(calls)));
        await killing;

        // Killed once more, so that what is read back is what is on disk.
        var findings = new List<string>();
        foreach (var backend in (FaultyBackend[])[local, cloud])
        {
            await backend.KillAsync();
            await backend.RestartAsync();
            var conversations = Enumerable.Range(0, (_calls / CallsPerConversation) + 1).Select(Conversation).ToList();
            var stored = await backend.ReadBackAsync(conversations);
            findings.AddRange(EffectAudit.Compare(backend.Mode, stored, _records));
            findings.AddRange(await RepeatAsync(backend, stored));
            findings.AddRange(EffectAudit.Doubled(backend.Mode, await backend.ReadBackAsync(conversations)));
            output.WriteLine($"{backend.Mode}: {stored.Count} messages, {backend.Kills} kills, {backend.Faults.Summary}");
        }

        output.WriteLine(
            $"seed {_seed}: {_records.Count} calls in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, answered by local "
            + $"{_records.Count(call => call.ServedBy == "local")}, by cloud {_records.Count(call => call.ServedBy == "cloud")}, failed "
            + $"{_records.Count(call => call.ServedBy is null)}, told that it may have run {_records.Count(call => call.MayHaveRun)}; findings: {findings.Count}");
        Assert.True(findings.Count == 0, $"Seed {_seed}, {_calls} calls:\n{string.Join('\n', findings)}");
        Assert.Equal(_calls, _records.Select(call => call.OperationId).Distinct().Count());
        Assert.Empty(hub.StrayLines);
    }

    private async Task AskAsync(ManyCalls calls)
    {
        while (Interlocked.Increment(ref _asked) is var number && number <= _calls)
        {
            var message = string.Create(CultureInfo.InvariantCulture, $"What came of part {number}?");
            var result = await calls.CallAsync("maestra_ask", new JsonObject
            {
                ["message"] = message,
                ["conversation_id"] = Conversation(number / CallsPerConversation),
            });
            lock (_gate)
                _records.Add(CallRecord.Read(message, result));
        }
    }

    /// <summary>Kills one of the backends after so many calls, starts it anew after some more, and so on to the end.</summary>
    private async Task KillAsync(IReadOnlyList<FaultyBackend> backends)
    {
        var random = new Random(_seed + 2);
        var at = 0;
        while ((at += random.Next(MinCallsBetweenKills, MaxCallsBetweenKills)) < _calls)
        {
            await AnsweredAsync(at);
            var backend = backends[random.Next(backends.Count)];
            await backend.KillAsync();
            await AnsweredAsync(Math.Min(_calls, at + random.Next(MaxCallsWhileDown)));
            await backend.RestartAsync();
        }
    }

    private async Task AnsweredAsync(int count)
    {
        while (Answered() < count)
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
    }

    private int Answered()
    {
        lock (_gate)
            return _records.Count;
    }

    /// <summary>
    /// Asks once more what was sent here, whatever became of it: a stored reply is replayed, a question whose run died is run again and
    /// says so, one that never arrived is run now.
    /// </summary>
    private async Task<IReadOnlyList<string>> RepeatAsync(FaultyBackend backend, IReadOnlyList<StoredMessage> stored)
    {
        var findings = new List<string>();
        var sent = backend.Wire.Requests.Where(request => request.Method == "POST").DistinctBy(request => request.OperationId);
        var told = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var request in sent.TakeLast(RepeatsAtTheEnd))
        {
            var kept = stored.Where(message => message.OperationId == request.OperationId).ToList();
            var reply = kept.Find(message => !message.IsQuestion);
            var expected = reply is not null ? "replayed" : kept.Count > 0 ? "resumed" : "run";

            var again = await backend.RepeatAsync(request);

            var mark = Marks.FirstOrDefault(name => again["meta"]?[name]?.GetValue<bool>() == true) ?? "run";
            told[mark] = told.GetValueOrDefault(mark) + 1;
            if (mark != expected || (reply is not null && again.String("reply") != reply.Content))
                findings.Add($"not {expected}: {backend.Mode} answers {request.OperationId} again with {again.ToJsonString()}");
        }

        output.WriteLine($"{backend.Mode}: asked again at the end: {string.Join(", ", told.Select(entry => $"{entry.Key} {entry.Value}"))}");
        return findings;
    }

    private static string Conversation(int number) => string.Create(CultureInfo.InvariantCulture, $"fault-{number}");

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
