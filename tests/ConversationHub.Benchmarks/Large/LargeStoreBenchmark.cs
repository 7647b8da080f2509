using System.Diagnostics;
using System.Globalization;
using System.Text;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.Large;

/// <summary>What a store of 1,000,000 messages costs: start, memory, opening, searching, appending. Over HTTP, from the published backend.</summary>
internal static class LargeStoreBenchmark
{
    private const int Starts = 5;
    private const int Opens = 3_000;
    private const int WarmUp = 6_000;
    private const int Searches = 400;
    private const int Appends = 600;
    private const int Seed = 20260105;
    private const double Megabyte = 1e6;
    private const int MostLooks = 300;
    private const int SteadyLooks = 3;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(125);

    /// <param name="folder">Kept between runs; the store is written into it when it is empty.</param>
    public static async Task RunAsync(string backend, string folder, TextWriter report)
    {
        var root = Path.Combine(folder, "conversations");
        if (!Directory.Exists(root))
            await MakeAsync(backend, root, report);
        await report.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"Log {Bytes(Path.Combine(root, "log")) / Megabyte:0} MB. One small write and fdatasync on this disk: {SyncCost.Measure(folder)}.\n"));
        await report.WriteLineAsync("| | search index on | off | aim |\n|---|---|---|---|");
        var on = await MeasureAsync(backend, root, "on");
        var off = await MeasureAsync(backend, root, "off");
        foreach (var (name, aim) in Measured)
            await report.WriteLineAsync($"| {name} | {on.GetValueOrDefault(name, "")} | {off.GetValueOrDefault(name, "")} | {aim} |");
    }

    private static readonly (string Name, string Aim)[] Measured =
    [
        ("start to ready, file cache dropped", "≤ 1,000 ms"),
        ("start to ready, file cache warm", "≤ 1,000 ms"),
        ("resident, idle after the start", "≤ 250 MB, ≤ 150 MB"),
        ("opening a conversation, the first 3,000 after the start", ""),
        ("a request that does nothing", ""),
        ("opening a conversation, after 6,000 more", "p99 ≤ 2 ms"),
        ("opening the last 100 of 10,000 messages", "p99 ≤ 2 ms"),
        ("the last 1,000, which is a page unless asked otherwise", ""),
        ("search", "p99 ≤ 50 ms"),
        ("search for the two commonest words", ""),
        ("appending to 10 messages", ""),
        ("appending to 10,000 messages", ""),
        ("10,000 against 10, medians", "≤ 1.2 ×"),
        ("resident after all this", "≤ 250 MB, ≤ 150 MB"),
        ("two minutes later", ""),
        ("most resident at any time", ""),
    ];

    private static async Task MakeAsync(string backend, string root, TextWriter report)
    {
        var started = Stopwatch.GetTimestamp();
        await LargeStore.WriteAsync(root, CancellationToken.None);
        var took = Stopwatch.GetElapsedTime(started);
        using var views = Process.Start(new ProcessStartInfo(backend, ["store", "rebuild-views"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            Environment = { ["CONVERSATION_HUB_ROOT"] = root, ["HOME"] = Path.GetDirectoryName(root) },
        })!;
        await views.StandardOutput.ReadToEndAsync();
        await views.WaitForExitAsync();
        await report.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Written by the store in {took.TotalSeconds:0} s, its {LargeStore.Conversations} files in {(Stopwatch.GetElapsedTime(started) - took).TotalSeconds:0} s (exit {views.ExitCode})."));
    }

    private static async Task<Dictionary<string, string>> MeasureAsync(string backend, string root, string searchIndex)
    {
        var measured = new Dictionary<string, string>();
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = Path.GetDirectoryName(root)!,
            ["CONVERSATION_HUB_ROOT"] = root,
            ["MAESTRA_SEARCH_INDEX"] = searchIndex,
            ["TEST_MODE"] = "true",
            ["LOG_LEVEL"] = "ERROR",
        };

        // The first start after a switch of the search index makes it, in the background; what is measured are those after it.
        using (var first = await StartAsync(backend, environment))
        {
            if (searchIndex == "on")
                await SearchFilesAsync(Path.Combine(root, "log", "search"));
            await first.Service.StopAsync();
        }

        measured["start to ready, file cache dropped"] = TryDropCaches() ? await StartsAsync(backend, environment, 1, drop: true) : "(needs root)";
        measured["start to ready, file cache warm"] = await StartsAsync(backend, environment, Starts, drop: false);

        using var running = await StartAsync(backend, environment);
        measured["resident, idle after the start"] = Memory(running.Service.ResidentMegabytes);
        using var connection = HttpConnection.Open(running.Port);
        var random = new Random(Seed);
        byte[] Opening(int at) => HttpConnection.Get($"/conversations/{LargeStore.ConversationOf(random.Next(LargeStore.Conversations))}");
        measured["opening a conversation, the first 3,000 after the start"] = Sample(connection, Opens, Opening);

        // The runtime compiles what runs often a second time, in the background, which on two cores takes turns with whom it is compiled for.
        _ = Sample(connection, WarmUp, Opening);
        await Task.Delay(Settling);
        measured["a request that does nothing"] = Sample(connection, Opens, static _ => HttpConnection.Get("/health/live"));
        measured["opening a conversation, after 6,000 more"] = Sample(connection, Opens, Opening);
        measured["opening the last 100 of 10,000 messages"] = Sample(
            connection, Searches, _ => HttpConnection.Get($"/conversations/{LargeStore.LongConversation}?limit=100"));
        measured["the last 1,000, which is a page unless asked otherwise"] = Sample(
            connection, Searches, _ => HttpConnection.Get($"/conversations/{LargeStore.LongConversation}"));
        var words = new Vocabulary();
        measured["search"] = Sample(
            connection, Searches, at => HttpConnection.Get($"/conversations/search?q={string.Join('+', Enumerable.Range(0, 1 + (at % 4)).Select(_ => words.Word(random)))}"));
        measured["search for the two commonest words"] = Sample(
            connection, Searches / 10, _ => HttpConnection.Get($"/conversations/search?q={words[0]}+{words[1]}"));
        Append(connection, random, measured);
        measured["resident after all this"] = Memory(running.Service.ResidentMegabytes);
        await Task.Delay(Rest);
        measured["two minutes later"] = Memory(running.Service.ResidentMegabytes);
        measured["most resident at any time"] = Memory(running.Service.PeakMegabytes);
        await running.Service.StopAsync();
        return measured;
    }

    /// <summary>Returns when the names of the files, <c>{first}-{one after the last}.idx</c>, cover every message and none has changed for a while.</summary>
    private static async Task SearchFilesAsync(string folder)
    {
        string before = "", names = "";
        for (var (looks, steady) = (0, 0); steady < SteadyLooks; looks++, steady = names == before && Cover(names) >= LargeStore.Messages ? steady + 1 : 0)
        {
            if (looks == MostLooks)
                throw new InvalidOperationException($"The search index was not there after {MostLooks} looks: {names}");
            await Task.Delay(BetweenLooks);
            before = names;
            names = Directory.Exists(folder) ? string.Join(' ', Directory.GetFiles(folder, "*.idx").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)) : "";
        }
    }

    private static int Cover(string names)
    {
        var end = 0;
        foreach (var name in names.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var range = name.Split('-').Select(static part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray();
            if (range[0] > end)
                break;
            end = Math.Max(end, range[1]);
        }

        return end;
    }

    /// <summary>By turns, so that both meet the same disk.</summary>
    private static void Append(HttpConnection connection, Random random, Dictionary<string, string> measured)
    {
        var shortOnes = new List<TimeSpan>();
        var longOne = new List<TimeSpan>();
        for (var at = 0; at < Appends; at++)
        {
            foreach (var (samples, conversation) in new[] { (shortOnes, LargeStore.ConversationOf(random.Next(LargeStore.Conversations))), (longOne, LargeStore.LongConversation) })
            {
                var request = HttpConnection.Post(
                    "/api/maestra/core", $$"""{"user_id":"user_0","surface_id":"bench","conversation_id":"{{conversation}}","message":"What changed in the parser?"}""");
                var started = Stopwatch.GetTimestamp();
                Expect(connection.Send(request));
                samples.Add(Stopwatch.GetElapsedTime(started));
            }
        }

        var (few, many) = (new Samples(shortOnes), new Samples(longOne));
        measured["appending to 10 messages"] = few.ToString();
        measured["appending to 10,000 messages"] = many.ToString();
        measured["10,000 against 10, medians"] = string.Create(CultureInfo.InvariantCulture, $"{many.Median / few.Median:0.00} ×");
    }

    /// <summary>On this thread alone, so that what is measured has a core for itself.</summary>
    private static string Sample(HttpConnection connection, int count, Func<int, byte[]> request)
    {
        // The first ones run code that was never run before.
        for (var at = 0; at < count / 10; at++)
            Expect(connection.Send(request(at)));
        var samples = new List<TimeSpan>(count);
        for (var at = 0; at < count; at++)
        {
            var bytes = request(at);
            var started = Stopwatch.GetTimestamp();
            Expect(connection.Send(bytes));
            samples.Add(Stopwatch.GetElapsedTime(started));
        }

        return new Samples(samples).ToString();
    }

    private static void Expect(HttpAnswer answer)
    {
        if (answer.Status != 200)
            throw new InvalidOperationException($"Answered {answer.Status}: {Encoding.UTF8.GetString(answer.Body.Span)}");
    }

    private static async Task<string> StartsAsync(string backend, Dictionary<string, string> environment, int count, bool drop)
    {
        var samples = new List<TimeSpan>();
        for (var at = 0; at < count; at++)
        {
            if (drop)
                TryDropCaches();
            using var started = await StartAsync(backend, environment);
            samples.Add(started.Took);
            await started.Service.StopAsync();
        }

        var sorted = samples.Select(static one => one.TotalMilliseconds).Order().ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2]:0} ms ({sorted[0]:0}–{sorted[^1]:0}, n {count})");
    }

    private static async Task<Started> StartAsync(string backend, Dictionary<string, string> environment)
    {
        var port = FreePort.Find();
        var begun = Stopwatch.GetTimestamp();
        var service = await RunningService.StartAsync(
            new Uri($"http://127.0.0.1:{port}/health/ready"), backend,
            ["serve", "--mode", "local", "--port", port.ToString(CultureInfo.InvariantCulture)], environment);
        return new Started(service, port, Stopwatch.GetElapsedTime(begun));
    }

    private static bool TryDropCaches()
    {
        try
        {
            using var sync = Process.Start("sync");
            sync.WaitForExit();
            File.WriteAllText("/proc/sys/vm/drop_caches", "3");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Told in the report.
            return false;
        }
    }

    private static double Bytes(string folder) => new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static file => (double)file.Length);

    private static string Memory(double megabytes) => string.Create(CultureInfo.InvariantCulture, $"{megabytes:0} MB");

    private sealed record Started(RunningService Service, int Port, TimeSpan Took) : IDisposable
    {
        public void Dispose() => Service.Dispose();
    }
}
