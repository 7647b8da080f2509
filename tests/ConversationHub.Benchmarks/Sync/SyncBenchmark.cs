using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>What the exchange between two published backends costs (issue 7, Speed). Both share this machine's processors and its disk.</summary>
internal static class SyncBenchmark
{
    /// <param name="what"><c>visible</c>, <c>tick</c> or <c>reconcile</c> (with what it costs at that size).</param>
    /// <param name="messages">For <c>reconcile</c>: as many are written offline, two in each conversation; for <c>tick</c>: so many conversations.</param>
    public static async Task RunAsync(string program, string what, int messages, TextWriter report)
    {
        using (var folder = new TemporaryFolder())
            await report.WriteLineAsync($"One small write and fdatasync on this disk: {SyncCost.Measure(folder.Path)}.\n");
        await report.WriteLineAsync("| measure | seen | aim |\n|---|---|---|");
        if (what == "visible")
        {
            await VisibleMeasure.RunAsync(program, report);
            return;
        }

        if (what == "tick")
        {
            await TickMeasure.RunAsync(program, messages, report);
            return;
        }

        await using var pair = await SyncPair.CreateAsync(program, intervalSeconds: 1);
        await ReconcileMeasure.RunAsync(pair, messages, report);
        var at = $"{messages / 2:#,0} conversations";
        await IdleMeasure.RunAsync(pair, at, report);
        await IdleMeasure.DifferenceAsync(pair, "ten", 10, at, "≤ 2 KB", report);
        await IdleMeasure.DifferenceAsync(pair, "thousand", 1000, at, "as at any other size", report);
        await report.WriteLineAsync($"\nResident at the end: caller {pair.Caller.ResidentMegabytes:0} MB, answerer {pair.Answerer.ResidentMegabytes:0} MB.");
    }
}
