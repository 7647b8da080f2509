using System.Globalization;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>What a tick costs when nothing has happened, and when ten messages have.</summary>
internal static class IdleMeasure
{
    private const int NoTickSeconds = 300;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    /// <summary>The same processes once without a tick and once with one a second: the difference is what the ticks cost.</summary>
    public static async Task RunAsync(SyncPair pair, string at, TextWriter report)
    {
        await RestartCallerAsync(pair, NoTickSeconds);
        var (callerIdle, answererIdle) = await SpendAsync(pair);
        await RestartCallerAsync(pair, everySeconds: null);
        var (rounds, wire, payload) = (await RoundsAsync(pair), pair.Relay.Bytes, await PayloadAsync(pair));
        var (caller, answerer) = await SpendAsync(pair);
        var (ticks, bodies) = (await RoundsAsync(pair) - rounds, await PayloadAsync(pair) - payload);
        await report.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"| idle tick at {at}, {ticks:0} ticks | {(pair.Relay.Bytes - wire) / ticks:0} bytes on the wire, of which bodies {bodies / ticks:0}; processor: caller {(caller - callerIdle).TotalMilliseconds / ticks:0.0} ms, answerer {(answerer - answererIdle).TotalMilliseconds / ticks:0.0} ms, beside {callerIdle.TotalMilliseconds / Long.TotalSeconds:0.0} and {answererIdle.TotalMilliseconds / Long.TotalSeconds:0.0} ms a second without ticks | ≤ 1 KB, ≤ 2 ms |"));
    }

    private static async Task RestartCallerAsync(SyncPair pair, int? everySeconds)
    {
        pair.Caller.Stop();
        await pair.Caller.StartAsync(calls: true, everySeconds);
        await WaitUntilQuietAsync(pair);
    }

    /// <summary>Processor time of both in that while.</summary>
    private static async Task<(TimeSpan Caller, TimeSpan Answerer)> SpendAsync(SyncPair pair)
    {
        var (caller, answerer) = (pair.Caller.Processor, pair.Answerer.Processor);
        await Task.Delay(Long);
        return (pair.Caller.Processor - caller, pair.Answerer.Processor - answerer);
    }

    /// <param name="messages">Two to each conversation.</param>
    public static async Task DifferenceAsync(SyncPair pair, string prefix, int messages, string at, string aim, TextWriter report)
    {
        await WaitUntilQuietAsync(pair);
        var (wire, rounds, caller, answerer) = (pair.Relay.Bytes, await RoundsAsync(pair), pair.Caller.Processor, pair.Answerer.Processor);
        await pair.Answerer.AskManyAsync(prefix, messages / 2);
        await Task.WhenAll(Enumerable.Range(0, messages / 2).Select(n => SyncPair.UntilAsync(pair.Caller, $"{prefix}{n}")));
        var (took, spentCaller, spentAnswerer) = (pair.Relay.Bytes - wire, pair.Caller.Processor - caller, pair.Answerer.Processor - answerer);
        var ticks = await RoundsAsync(pair) - rounds;
        await report.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"| {messages} new messages at {at} | {took:#,0} bytes on the wire in {ticks:0} rounds; processor with the writing of them: caller {spentCaller.TotalMilliseconds:0} ms, answerer {spentAnswerer.TotalMilliseconds:0} ms | {aim} |"));
    }

    /// <summary>Views and snapshots are written behind: a second in which neither process does much.</summary>
    private static Task WaitUntilQuietAsync(SyncPair pair) => WaitUntilQuietAsync(() => pair.Caller.Processor + pair.Answerer.Processor);

    /// <param name="processor">Time that those to be quiet have spent.</param>
    public static async Task WaitUntilQuietAsync(Func<TimeSpan> processor)
    {
        const int MaxSeconds = 40;
        for (var n = 0; n < MaxSeconds; n++)
        {
            var before = processor();
            await Task.Delay(TimeSpan.FromSeconds(1));
            if (processor() - before < TimeSpan.FromMilliseconds(30))
                return;
        }
    }

    private static Task<double> RoundsAsync(SyncPair pair) => pair.Answerer.CounterAsync("maestra_sync_rounds_total");

    private static Task<double> PayloadAsync(SyncPair pair) => pair.Answerer.CounterAsync("maestra_sync_bytes_total");
}
