using System.Diagnostics;
using System.Globalization;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.Store;

/// <summary>
/// Durable questions a second at 64 connections (wrk): the published backend with the fixed reply, beside a FastAPI service that
/// writes and fsyncs a file per request. They take turns, so that the machine treats both alike.
/// </summary>
internal static class HttpWriteBenchmark
{
    private const int Rounds = 3;
    private const int Connections = 64;
    private const int Seconds = 10;

    /// <summary>
    /// Of a connection between two questions, in milliseconds. Without it 64 connections ask for all that the machine can do, and the p99 is
    /// the length of their queue; with it they ask for about what the aim names, 7,500 questions a second.
    /// </summary>
    private const int MeanRest = 4;

    public static async Task RunAsync(string backend, string peersFolder, TextWriter report)
    {
        using var folder = new TemporaryFolder();
        var sync = SyncCost.Measure(folder.Path);
        await report.WriteLineAsync($"One small write and fdatasync on this disk: {sync}.\n");

        var ours = FreePort.Find();
        using var service = await RunningService.StartAsync(
            new Uri($"http://127.0.0.1:{ours}/health"),
            backend,
            ["serve", "--mode", "local", "--port", ours.ToString(CultureInfo.InvariantCulture)],
            new Dictionary<string, string> { ["HOME"] = folder.Path, ["TEST_MODE"] = "true", ["LOG_LEVEL"] = "ERROR" });
        var theirs = FreePort.Find();
        var files = folder.Combine("peer");
        Directory.CreateDirectory(files);
        using var peer = await RunningService.StartAsync(
            new Uri($"http://127.0.0.1:{theirs}/docs"),
            "uvicorn",
            ["app:app", "--app-dir", Path.Combine(peersFolder, "fastapi"), "--host", "127.0.0.1", "--port", theirs.ToString(CultureInfo.InvariantCulture), "--log-level", "error"],
            new Dictionary<string, string> { ["PEER_ROOT"] = files });

        await report.WriteLineAsync("| round | service | questions/s | p50 | p99 | errors |\n|---|---|---|---|---|---|");
        var best = new Dictionary<string, double>();
        for (var round = 1; round <= Rounds; round++)
        {
            foreach (var (name, port, rest) in new[] { ("maestra-backend", ours, 0), ("maestra-backend, at its ease", ours, MeanRest), ("FastAPI + uvicorn", theirs, 0) })
            {
                var result = await WrkAsync(port, Path.Combine(peersFolder, "wrk", "ask.lua"), rest);
                best[name] = Math.Max(best.GetValueOrDefault(name), result.PerSecond);
                await report.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {round} | {name} | {result.PerSecond:0} | {result.P50:0.0} ms | {result.P99:0.0} ms | {result.Errors} |"));
            }
        }

        await report.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"\nBest against best: {best["maestra-backend"] / best["FastAPI + uvicorn"]:0.0} ×. Each question stores two messages. Resident at the end: {service.ResidentMegabytes:0} MB."));
    }

    private static async Task<WrkResult> WrkAsync(int port, string script, int meanRest)
    {
        var start = new ProcessStartInfo("wrk", ["-t1", $"-c{Connections}", $"-d{Seconds}s", "-s", script, $"http://127.0.0.1:{port}", "--", $"{meanRest}"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using var wrk = Process.Start(start)!;
        var output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        var line = output.Split('\n').Single(static line => line.StartsWith("RESULT ", StringComparison.Ordinal)).Split(' ');
        return new WrkResult(Number(line[1]), Number(line[2]), Number(line[3]), (int)Number(line[4]));
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private sealed record WrkResult(double PerSecond, double P50, double P99, int Errors);
}
