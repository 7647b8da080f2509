using System.Diagnostics;
using System.Globalization;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Processes;
using Xunit.Abstractions;

namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>
/// No effect is lost, doubled or kept silent about, whatever the wires lose, whichever backend is killed, and also where callers cancel,
/// use the tool of the earlier advisor, or have their owner hedge (issue 4, Proof).
/// <c>MAESTRA_FAULT_CALLS</c> and <c>MAESTRA_FAULT_SEED</c> choose how many calls and which faults.
/// </summary>
public sealed class FaultInjectionTests(ITestOutputHelper output)
{
    private const string Key = "mk_0123456789abcdefghijkl";
    private const int CallsInCi = 300;
    private const int DefaultSeed = 20260105;
    private const int Workers = 16;
    private const int RepeatsAtTheEnd = 1_000;
    private const int MinCallsBetweenKills = 30;
    private const int MaxCallsBetweenKills = 110;
    private const int MaxCallsWhileDown = 20;

    private static readonly string[] Marks = ["replayed", "resumed"];

    private readonly int _calls = Number("MAESTRA_FAULT_CALLS", CallsInCi);
    private readonly int _seed = Number("MAESTRA_FAULT_SEED", DefaultSeed);
    private readonly Arrivals _arrivals = new();
    private readonly List<(FaultCall Call, CallRecord Told)> _told = [];
    private readonly List<FaultCall> _cancelled = [];
    private readonly Lock _gate = new();
    private int _asked;
    private int _resumed;

    [Fact]
    public async Task Ask_WiresLoseThingsAndBackendsAreKilled_NoEffectIsLostDoubledOrKeptSilent()
    {
        var started = Stopwatch.GetTimestamp();
        using var home = new HubHome();
        await using var local = await FaultyBackend.StartAsync("local", Key, _seed, _arrivals);
        await using var cloud = await FaultyBackend.StartAsync("cloud", Key, _seed + 1, _arrivals);
        await using var plain = await StdioMcpClient.StartAsync(Serve(home, local, cloud));
        await using var hedging = await StdioMcpClient.StartAsync(Serve(home, local, cloud).With("MAESTRA_HEDGE_MS", "10"));
        var (calls, hedged) = (new ManyCalls(plain), new ManyCalls(hedging));

        // Before a question of a conversation is hedged the local backend must have spoken of it.
        local.Faults.Next(Chaos.Relay(local.Url));
        await AskAsync(new FaultCall(0, Legacy: false, Hedged: true, CallEnd.Answered), hedged);

        // The next is hedged for certain: local never answers it, and says that it is alive.
        local.Faults.Next(Chaos.StallBeforeHeaders);
        cloud.Faults.Next(Chaos.Relay(cloud.Url));
        _asked = 1;
        await AskAsync(new FaultCall(1, Legacy: false, Hedged: true, CallEnd.Answered), hedged);
        Assert.True(_told[^1].Told.Abandoned);

        // And one dies with its backend for certain.
        local.Faults.Next(Chaos.Relay(local.Url));
        _asked = 2;
        await local.KillWhileItThinksAsync(() => AskAsync(new FaultCall(2, Legacy: false, Hedged: false, CallEnd.Answered), calls));
        await local.RestartAsync();
        Assert.True(_told[^1].Told.MayHaveRun);

        var killing = KillAsync([local, cloud]);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => AskManyAsync(calls, hedged)));
        await killing;
        await calls.EndAsync();
        await hedged.EndAsync();

        var findings = await AuditAsync(local, cloud);
        output.WriteLine($"seed {_seed}: {_calls} calls in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s: {Summary}; findings: {findings.Count}");
        Assert.True(findings.Count == 0, $"Seed {_seed}, {_calls} calls:\n{string.Join('\n', findings)}");
        Assert.Equal(_calls, _told.Select(call => call.Told.OperationId).Distinct().Count() + _cancelled.Count);
        Assert.Contains(_told, call => call.Call.Legacy && call.Told.ServedBy is not null);
        Assert.NotEmpty(_cancelled);
        Assert.True(_resumed > 0, "no run ended between a question and its reply");
        Assert.Empty(plain.StrayLines.Concat(hedging.StrayLines));
    }

    private string Summary
    {
        get
        {
            var told = _told.ConvertAll(call => call.Told);
            return $"answered by local {told.Count(call => call.ServedBy == "local")}, by cloud {told.Count(call => call.ServedBy == "cloud")}, "
                + $"failed {told.Count(call => call.ServedBy is null)}, cancelled {_cancelled.Count}, told that it may have run {told.Count(call => call.MayHaveRun)}; "
                + $"legacy {_told.Count(call => call.Call.Legacy) + _cancelled.Count(call => call.Legacy)}, "
                + $"through the hedging hub {_told.Count(call => call.Call.Hedged) + _cancelled.Count(call => call.Hedged)}, with one abandoned {told.Count(call => call.Abandoned)}";
        }
    }

    private static ProgramStart Serve(HubHome home, FaultyBackend local, FaultyBackend cloud) => home.Serve(
        ("MAESTRA_LOCAL_URL", local.Wire.Url.ToString()), ("MAESTRA_CLOUD_URL", cloud.Wire.Url.ToString()),
        ("MAESTRA_API_KEY", Key), ("MAESTRA_TIMEOUT_SECONDS", "10"));

    private async Task AskManyAsync(ManyCalls calls, ManyCalls hedged)
    {
        while (Interlocked.Increment(ref _asked) is var number && number < _calls)
        {
            var call = FaultCall.Draw(number, _seed);
            await AskAsync(call, call.Hedged ? hedged : calls);
        }
    }

    private async Task AskAsync(FaultCall call, ManyCalls hub)
    {
        var result = call.End switch
        {
            CallEnd.CancelledAtOnce => await hub.CallUntilAsync(call.Tool, call.Arguments, Task.CompletedTask),
            CallEnd.CancelledOnArrival => await hub.CallUntilAsync(call.Tool, call.Arguments, _arrivals.Of(call.Message)),
            _ => await hub.CallAsync(call.Tool, call.Arguments),
        };
        lock (_gate)
        {
            if (result is null)
                _cancelled.Add(call);
            else
                _told.Add((call, CallRecord.Read(call.Message, result)));
        }
    }

    /// <summary>Kills both once more, so that what is read back is what is on disk, and puts it beside what callers were told.</summary>
    private async Task<IReadOnlyList<string>> AuditAsync(FaultyBackend local, FaultyBackend cloud)
    {
        var findings = new List<string>();
        var everywhere = new List<StoredMessage>();
        var conversations = FaultCall.Conversations(_calls);
        var cancelled = _cancelled.Select(call => call.Message).ToHashSet();
        foreach (var backend in (FaultyBackend[])[local, cloud])
        {
            await backend.KillAsync();
            await backend.RestartAsync(withModel: false);
            var stored = await backend.ReadBackAsync(conversations);
            findings.AddRange(EffectAudit.Compare(backend.Mode, stored, [.. _told.Select(call => call.Told)], cancelled));
            findings.AddRange(await RepeatAsync(backend, stored));
            var after = await backend.ReadBackAsync(conversations);
            findings.AddRange(EffectAudit.Doubled(backend.Mode, after));
            everywhere.AddRange(after);
            output.WriteLine($"{backend.Mode}: {stored.Count} messages, {backend.Kills} kills, "
                + $"{stored.Count(message => message.IsQuestion && cancelled.Contains(message.Content))} questions of callers who had gone, {backend.Faults.Summary}");
        }

        findings.AddRange(EffectAudit.RunAsSeveral(everywhere));
        return findings;
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
            return _told.Count + _cancelled.Count;
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
            _resumed += mark == "resumed" ? 1 : 0;
            if (mark != expected || (reply is not null && (again.String("reply") ?? again.String("answer")) != reply.Content))
                findings.Add($"not {expected}: {backend.Mode} answers {request.OperationId} again with {again.ToJsonString()}");
        }

        output.WriteLine($"{backend.Mode}: asked again at the end: {string.Join(", ", told.Select(entry => $"{entry.Key} {entry.Value}"))}");
        return findings;
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
