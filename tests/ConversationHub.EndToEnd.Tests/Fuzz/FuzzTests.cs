using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using Xunit.Abstractions;

namespace ConversationHub.EndToEnd.Tests.Fuzz;

/// <summary>
/// Broken lines without end: no crash, nothing on standard output but MCP, each id that can be read answered once,
/// memory bounded. <c>MAESTRA_FUZZ_LINES=100000</c> is the long form; <c>MAESTRA_FUZZ_SEED</c> repeats a run.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int ShortLines = 8_000;

    /// <summary>What the hub may have held at its fullest. A huge line is skipped and not kept.</summary>
    private const long MaxBytes = 256L << 20;

    /// <summary>Written at once: parts of lines, and many of them.</summary>
    private const int MaxWriteBytes = 64 * 1024;

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Serve_BrokenLines_AnswersEachReadableIdOnceAndStaysUp()
    {
        var seed = Setting("MAESTRA_FUZZ_SEED", Random.Shared.Next());
        var count = Setting("MAESTRA_FUZZ_LINES", ShortLines);
        output.WriteLine($"MAESTRA_FUZZ_SEED={seed} MAESTRA_FUZZ_LINES={count}");
        using var hub = Start();
        var answers = new AnswerBook();
        var reading = answers.ReadAsync(hub.StandardOutput);
        var errors = hub.StandardError.ReadToEndAsync();
        await WriteAsync(hub, """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"fuzz","version":"1"}}}"""u8.ToArray());
        await WriteAsync(hub, "\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"u8.ToArray());

        var fuzzer = new LineFuzzer(seed);
        var random = new Random(seed);
        var expected = new HashSet<int> { 0 };
        var pending = new MemoryStream();
        for (var line = 0; line < count; line++)
        {
            var next = fuzzer.Next();
            if (next.AnsweredId is { } id)
                expected.Add(id);
            pending.Write(next.Bytes);
            if (pending.Length > random.Next(MaxWriteBytes))
                await FlushAsync(hub, pending, random);
        }

        await FlushAsync(hub, pending, random);
        await answers.WhenAnsweredAsync(expected).WaitAsync(TestTimeouts.Signal);
        hub.Refresh();
        var peak = hub.PeakWorkingSet64;
        hub.StandardInput.Close();
        await hub.WaitForExitAsync().WaitAsync(TestTimeouts.Signal);
        await reading.WaitAsync(TestTimeouts.Signal);

        output.WriteLine($"{expected.Count} ids answered, {answers.WithoutId} refusals without an id, {peak >> 20} MB at most");
        Assert.Equal(0, hub.ExitCode);
        Assert.Empty(answers.Stray);
        Assert.Empty(answers.Unexpected(expected));
        Assert.InRange(peak, 0, MaxBytes);
        Assert.DoesNotContain("Unhandled exception", await errors, StringComparison.Ordinal);
    }

    private static async Task FlushAsync(Process hub, MemoryStream pending, Random random)
    {
        var bytes = pending.ToArray();
        pending.SetLength(0);
        for (var start = 0; start < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - start, random.Next(1, MaxWriteBytes));
            await WriteAsync(hub, bytes.AsMemory(start, length));
            start += length;
        }
    }

    private static async Task WriteAsync(Process hub, ReadOnlyMemory<byte> bytes)
    {
        await hub.StandardInput.BaseStream.WriteAsync(bytes);
        await hub.StandardInput.BaseStream.FlushAsync();
    }

    private Process Start()
    {
        var info = new ProcessStartInfo(BuiltPrograms.Hub)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["HOME"] = _home.Path;
        info.Environment["LOG_LEVEL"] = "ERROR";

        // Nothing of a backend is wanted here: it is refused at once.
        info.Environment["MAESTRA_LOCAL_URL"] = "http://127.0.0.1:9";
        return Process.Start(info)!;
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>What the hub has answered, and what it wrote besides. Read by one task, asked by another.</summary>
    private sealed class AnswerBook
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<int, int> _answers = [];
        private readonly List<string> _stray = [];
        private HashSet<int>? _missing;
        private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Lines that are no message.</summary>
        public IReadOnlyList<string> Stray
        {
            get
            {
                lock (_gate)
                    return [.. _stray];
            }
        }

        public int WithoutId { get; private set; }

        public async Task ReadAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync() is { } line)
                Add(line);
            _complete.TrySetException(new InvalidOperationException("The hub ended before all was answered."));
        }

        public Task WhenAnsweredAsync(HashSet<int> expected)
        {
            lock (_gate)
            {
                _missing = [.. expected.Where(id => !_answers.ContainsKey(id))];
                if (_missing.Count == 0)
                    _complete.TrySetResult();
            }

            return _complete.Task;
        }

        /// <summary>Ids answered twice, or never asked.</summary>
        public IEnumerable<string> Unexpected(HashSet<int> expected)
        {
            lock (_gate)
                return [.. _answers.Where(each => each.Value != 1 || !expected.Contains(each.Key)).Select(each => $"id {each.Key} answered {each.Value} times")];
        }

        private void Add(string line)
        {
            lock (_gate)
            {
                if (Message(line) is not { } message)
                {
                    _stray.Add(line);
                }
                else if (message["id"] is JsonValue value && value.TryGetValue<int>(out var id))
                {
                    _answers[id] = _answers.GetValueOrDefault(id) + 1;
                    if (_missing?.Remove(id) is true && _missing.Count == 0)
                        _complete.TrySetResult();
                }
                else
                {
                    WithoutId++;
                }
            }
        }

        private static JsonObject? Message(string line)
        {
            try
            {
                return JsonNode.Parse(line) is JsonObject message && (string?)message["jsonrpc"] == "2.0" ? message : null;
            }
            catch (Exception fault) when (fault is System.Text.Json.JsonException or InvalidOperationException)
            {
                return null;
            }
        }
    }
}
