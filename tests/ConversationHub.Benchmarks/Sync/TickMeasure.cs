using System.Diagnostics;
using System.Globalization;
using ConversationHub.Contracts;
using Maestra.Backend.Signing;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>
/// What an idle tick costs of the processor: hundreds of them one after another, between this process, which calls as a backend does, and a published one
/// that answers. Beside them as long without any, and the parts of one by themselves.
/// </summary>
internal static class TickMeasure
{
    /// <summary>With those before, below the 1,024 nonces that a peer remembers in 240 s (wire.md §9.3).</summary>
    private const int Ticks = 800;

    private const int WarmTicks = 100;
    private const int Parts = 500;
    private static readonly TimeSpan Beside = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(string program, int conversations, TextWriter report)
    {
        await using var pair = await SyncPair.CreateAsync(program, intervalSeconds: 300);
        await pair.Answerer.AskManyAsync("tick", conversations);
        await using var caller = await CallingBackend.OpenAsync(pair.Caller.Folder);
        for (var n = 0; n < WarmTicks; n++)
            await caller.TickAsync();
        await IdleMeasure.WaitUntilQuietAsync(() => pair.Answerer.Processor + Own());

        var (own, answerer) = (Own(), pair.Answerer.Processor);
        await Task.Delay(Beside);
        var (ownBeside, answererBeside) = ((Own() - own) / Beside.TotalSeconds, (pair.Answerer.Processor - answerer) / Beside.TotalSeconds);

        (own, answerer) = (Own(), pair.Answerer.Processor);
        var wire = pair.Relay.Bytes;
        var watch = Stopwatch.StartNew();
        for (var n = 0; n < Ticks; n++)
            await caller.TickAsync();
        var seconds = watch.Elapsed.TotalSeconds;
        var relayed = pair.Relay.Bytes - wire;
        var ownTick = (Own() - own - (ownBeside * seconds)) / Ticks;
        var answererTick = (pair.Answerer.Processor - answerer - (answererBeside * seconds)) / Ticks;
        await report.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"| idle tick at {conversations:#,0} conversations, {Ticks} in a row, {seconds * 1000 / Ticks:0.0} ms each | {relayed / (double)Ticks:0} bytes on the wire; processor: caller, with the relay that counts, {ownTick.TotalMilliseconds:0.00} ms, answerer {answererTick.TotalMilliseconds:0.00} ms; taken off: {ownBeside.TotalMilliseconds:0.0} and {answererBeside.TotalMilliseconds:0.0} ms a second without ticks | ≤ 1 KB, ≤ 2 ms |"));
        await ReportPartsAsync(caller, report);
    }

    /// <summary>Each side signs once and verifies once in a tick.</summary>
    private static async Task ReportPartsAsync(CallingBackend caller, TextWriter report)
    {
        var key = caller.Key;
        var text = SigningText.Request("POST", Routes.Sync, key.Id, key.Id, "1767605400123", "000102030405060708090a0b0c0d0e0f", "{}"u8);
        var signature = key.Sign(text);
        var headers = new SignatureHeaders(key.Id, "1767605400123", "000102030405060708090a0b0c0d0e0f", signature);
        var frame = SignedFrame.Write(headers, null, "{}"u8);
        (string Name, Action Run)[] parts =
        [
            ("a signature (RSA-2048, PSS)", () => key.Sign(text)),
            ("a signature checked", () => key.Public.Verify(text, signature)),
            ("a frame written and read", () => SignedFrame.TryRead(SignedFrame.Write(headers, null, "{}"u8), out _, out _, out _, out _)),
            ("2 KB for Brotli", () => ContentCoding.Encode(Enumerable.Repeat(frame, 7).SelectMany(static one => one).ToArray(), ContentCoding.Brotli)),
        ];
        foreach (var (name, run) in parts)
        {
            run();
            var before = Own();
            for (var n = 0; n < Parts; n++)
                run();
            await report.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"| {name} | {(Own() - before).TotalMilliseconds / Parts:0.000} ms | |"));
        }
    }

    private static TimeSpan Own() => Environment.CpuUsage.TotalTime;
}
