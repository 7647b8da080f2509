using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.Load;

/// <summary>
/// The backend under mixed traffic at 70 % of what it can, then at five times that, beside FastAPI. Generator, service and disk share the
/// machine's cores, so capacity is what is left beside a generator that works as hard. It is taken over a minute on a store that two minutes of
/// the same traffic have filled: what an empty store can is more than the same one can ten minutes later, and 70 % of that was no load to bear.
/// </summary>
internal static class LoadBenchmark
{
    private const int Connections = 64;
    private const int OverloadConnections = 2_000;
    private const double Share = 0.7;
    private const double Overload = 5;
    private static readonly TimeSpan OneConnectionTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestCapacityTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestFillTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan OverloadTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RecoveryInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstMinute = TimeSpan.FromMinutes(1);

    /// <summary>An answer in less counts as recovered.</summary>
    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(string backend, string peersFolder, double minutes, TextWriter report)
    {
        using var folder = new TemporaryFolder();
        await report.WriteLineAsync($"One small write and fdatasync on this disk: {SyncCost.Measure(folder.Path)}.\n");
        await report.WriteLineAsync("## maestra-backend\n");
        var port = FreePort.Find();
        using (var service = await RunningService.StartAsync(
            new Uri($"http://127.0.0.1:{port}/health/ready"), backend,
            ["serve", "--mode", "local", "--port", port.ToString(CultureInfo.InvariantCulture)],
            new Dictionary<string, string> { ["HOME"] = folder.Path, ["TEST_MODE"] = "true", ["LOG_LEVEL"] = "ERROR" }))
        {
            await OneConnectionAsync(port, report);
            await RunAsync(service, port, new LoadMix(asksOnly: false), TimeSpan.FromMinutes(minutes), probes: true, report);
        }

        await report.WriteLineAsync("\n## FastAPI + uvicorn (questions only: it has nothing else)\n");
        var theirs = FreePort.Find();
        var files = folder.Combine("peer");
        Directory.CreateDirectory(files);
        using var peer = await RunningService.StartAsync(
            new Uri($"http://127.0.0.1:{theirs}/docs"), "uvicorn",
            ["app:app", "--app-dir", Path.Combine(peersFolder, "fastapi"), "--host", "127.0.0.1", "--port", theirs.ToString(CultureInfo.InvariantCulture), "--log-level", "error"],
            new Dictionary<string, string> { ["PEER_ROOT"] = files });
        await RunAsync(peer, theirs, new LoadMix(asksOnly: true), TimeSpan.FromMinutes(Math.Min(1, minutes)), probes: false, report);
    }

    private static async Task OneConnectionAsync(int port, TextWriter report)
    {
        var (mix, warm, tally) = (new LoadMix(asksOnly: true), new Tally(), new Tally());
        await LoadGenerator.ClosedAsync(port, 1, OneConnectionTime, mix.Next, warm);
        await LoadGenerator.ClosedAsync(port, 1, OneConnectionTime, mix.Next, tally);
        await report.WriteLineAsync($"Questions on one connection: {tally.Answered}.");
    }

    private static async Task RunAsync(RunningService service, int port, LoadMix mix, TimeSpan steady, bool probes, TextWriter report)
    {
        await LoadGenerator.ClosedAsync(port, Connections, steady < LongestFillTime ? steady : LongestFillTime, mix.Next, new Tally());
        var atCapacity = new Tally();
        var filled = mix.Asked;
        var capacity = await LoadGenerator.ClosedAsync(port, Connections, steady < LongestCapacityTime ? steady : LongestCapacityTime, mix.Next, atCapacity);
        await report.WriteLineAsync(Text($"Capacity, {Connections} connections in a closed loop over a store of {filled} questions: {capacity:0} requests/s, {atCapacity.Answered}, failed {atCapacity.Failed}, resident {service.ResidentMegabytes:0} MB.\n"));
        await report.WriteLineAsync("| load | offered/s | answered | refused (503) | failed | not sent | answered: p50, p95, p99 | refused: p50, p99 | one caller among them: `/health` p50, p99 | its questions answered: p50, p99 | refused: p50, p99 | resident |\n|---|---|---|---|---|---|---|---|---|---|---|---|");

        var early = double.NaN;
        var (asked, askedEarly) = (mix.Asked, mix.Asked);
        using var minute = new Timer(_ => (early, askedEarly) = (service.ResidentMegabytes, mix.Asked), null, steady < FirstMinute ? steady / 2 : FirstMinute, Timeout.InfiniteTimeSpan);
        await PhaseAsync(service, port, mix, "70 %", capacity * Share, steady, Connections, fromDue: true, probes, report);
        var (late, askedLate) = (service.ResidentMegabytes, mix.Asked);
        await PhaseAsync(service, port, mix, "5 ×", capacity * Overload, OverloadTime, OverloadConnections, fromDue: false, probes, report);
        var recovered = await RecoverAsync(port, mix);
        await report.WriteLineAsync(Text(
            $"\nAt 70 %: resident {early:0} MB after the first minute, {late:0} MB after {steady.TotalMinutes:0.#}, in which {askedLate - askedEarly} questions were stored: {(late - early) * 1e6 / Math.Max(1, 2 * (askedLate - askedEarly)):0} bytes for each message of {askedLate - asked} questions in all."));
        await report.WriteLineAsync(Text(
            $"After the overload: an answer within {Prompt.TotalMilliseconds:0} ms after {recovered.TotalSeconds:0.0} s; most resident ever {service.PeakMegabytes:0} MB, then {service.ResidentMegabytes:0} MB."));
    }

    private static async Task PhaseAsync(
        RunningService service, int port, LoadMix mix, string name, double rate, TimeSpan time, int connections, bool fromDue, bool probes, TextWriter report)
    {
        var tally = new Tally();
        using var probe = probes ? new LoadProbe(port, mix) : null;
        await LoadGenerator.OpenAsync(port, connections, rate, time, mix.Next, tally, fromDue);
        probe?.Dispose();
        await report.WriteLineAsync(Text(
            $"| {name} | {rate:0} | {tally.AnsweredCount} | {tally.RefusedCount} ({tally.RefusedWithoutTime} without Retry-After) | {tally.Failed} {tally.FirstFailure} | {tally.Unsent} | {Of(tally.AnsweredCount, () => tally.Answered, withP95: true)} | {Of(tally.RefusedCount, () => tally.Refused)} | {Of(probe?.Health)} | {Of(probe?.Questions)} | {Of(probe?.Questions.RefusedCount ?? 0, () => probe!.Questions.Refused)} | {service.ResidentMegabytes:0} MB |"));
    }

    private static string Of(Tally? tally) => Of(tally?.AnsweredCount ?? 0, () => tally!.Answered);

    private static string Of(int count, Func<Samples> samples, bool withP95 = false)
    {
        if (count == 0)
            return "";
        var taken = samples();
        return Text($"{taken.Median:0.0}, {(withP95 ? Text($"{taken.Percentile(0.95):0.0}, ") : "")}{taken.P99:0.0} ms");
    }

    private static async Task<TimeSpan> RecoverAsync(int port, LoadMix mix)
    {
        var ended = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(ended) < RecoveryLimit)
        {
            try
            {
                using var connection = await HttpConnection.OpenAsync(port);
                var sent = Stopwatch.GetTimestamp();
                if ((await connection.SendAsync(mix.Next())).Status == 200 && Stopwatch.GetElapsedTime(sent) < Prompt)
                    return Stopwatch.GetElapsedTime(ended);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // Not yet: that is what is measured.
            }

            await Task.Delay(RecoveryInterval);
        }

        return Timeout.InfiniteTimeSpan;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
