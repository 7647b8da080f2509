using System.Diagnostics;
using System.Globalization;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>How long two backends need to be equal again after one wrote alone.</summary>
internal static class ReconcileMeasure
{
    /// <param name="messages">Written while the other is down; two in each conversation.</param>
    public static async Task RunAsync(SyncPair pair, int messages, TextWriter report)
    {
        var conversations = messages / 2;
        pair.Answerer.Stop();
        await pair.Caller.StartAsync(calls: false);
        var writing = Stopwatch.StartNew();
        await pair.Caller.AskManyAsync("offline", conversations);
        writing.Stop();
        pair.Caller.Stop();

        // Both start anew, so that no back-off is measured.
        await pair.Answerer.StartAsync(calls: false);
        var before = pair.Relay.Bytes;
        await pair.Caller.StartAsync(calls: true);
        var (callerBefore, answererBefore) = (pair.Caller.Processor, pair.Answerer.Processor);
        var reconciling = Stopwatch.StartNew();
        while (await pair.Answerer.CounterAsync("maestra_sync_operations_total", "direction=\"in\"") < messages)
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        reconciling.Stop();
        await report.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"| {messages:#,0} messages written offline in {writing.Elapsed.TotalSeconds:0.0} s, reconciled | {reconciling.Elapsed.TotalSeconds:0.0} s, {messages / reconciling.Elapsed.TotalSeconds:#,0} messages/s, {(pair.Relay.Bytes - before) / (double)messages:0} bytes a message; processor: caller {(pair.Caller.Processor - callerBefore).TotalSeconds:0.0} s, answerer {(pair.Answerer.Processor - answererBefore).TotalSeconds:0.0} s | ≤ 10 s |"));
    }
}
