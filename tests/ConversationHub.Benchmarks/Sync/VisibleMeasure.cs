using ConversationHub.Benchmarks.Measuring;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>How long after its acknowledgement a message is on the peer: pushed by the side that calls, and brought by the ticker alone.</summary>
internal static class VisibleMeasure
{
    private const int Pushed = 150;
    private const int Ticked = 15;
    private const int Warm = 20;
    private const int Burst = 25;

    private static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(11);

    public static async Task RunAsync(string program, TextWriter report)
    {
        await using var pair = await SyncPair.CreateAsync(program);
        await pair.Caller.StartAsync(calls: true);
        var random = new Random(1);
        var apart = await PushAsync(pair, "push", () => TimeSpan.FromMilliseconds(300 + random.Next(300)));
        await report.WriteLineAsync($"| visible on the peer after the acknowledgement, pushed, writes 0.3 to 0.6 s apart | {apart}, largest {apart.Percentile(1):0} ms | p99 ≤ 150 ms |");

        // As many as a burst holds, then long enough for the rate to forget it (decision 47).
        await Task.Delay(Forgotten);
        var writes = 0;
        var close = await PushAsync(pair, "close", () => writes++ % Burst == 0 ? Forgotten : TimeSpan.FromMilliseconds(random.Next(120)));
        await report.WriteLineAsync($"| the same, bursts of {Burst}, writes 0 to 0.12 s after the one before was seen | {close}, largest {close.Percentile(1):0} ms | p99 ≤ 150 ms |");
        var endless = await PushAsync(pair, "endless", () => TimeSpan.FromMilliseconds(random.Next(120)));
        await report.WriteLineAsync($"| the same without a pause, so that the rate bounds them | {endless}, largest {endless.Percentile(1):0} ms | |");

        var ticked = new List<TimeSpan>();
        for (var n = 0; n < Ticked; n++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500 + random.Next(2000)));
            await pair.Answerer.AskAsync($"tick{n}");
            ticked.Add(await SyncPair.UntilAsync(pair.Caller, $"tick{n}"));
        }

        var samples = new Samples(ticked);
        await report.WriteLineAsync($"| the same, written on the side that only answers: by the ticker alone | {samples}, largest {samples.Percentile(1):0} ms | ≤ 5,500 ms |");
    }

    private static async Task<Samples> PushAsync(SyncPair pair, string prefix, Func<TimeSpan> pause)
    {
        var seen = new List<TimeSpan>();
        for (var n = 0; n < Warm + Pushed; n++)
        {
            await Task.Delay(pause());
            await pair.Caller.AskAsync($"{prefix}{n}");
            var took = await SyncPair.UntilAsync(pair.Answerer, $"{prefix}{n}");
            if (n >= Warm)
                seen.Add(took);
        }

        return new Samples(seen);
    }
}
