using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Benchmarks.Measuring;
using ConversationHub.Testing.Network;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>
/// A published backend in local mode, with a log of its own, that can be stopped and started over it. Its reply is the fixed one as long as it calls
/// nobody (<c>TEST_MODE</c>, which is also how it writes offline), else what it finds among its conversations.
/// </summary>
internal sealed class SyncedBackend(string program, string folder, int intervalSeconds) : IDisposable
{
    private const int Writers = 32;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(2) };
    private RunningService? _service;

    public string Folder => folder;

    public int Port { get; } = FreePort.Find();

    private Uri Url => new($"http://127.0.0.1:{Port}");

    private Dictionary<string, string> Environment(bool calls, int? every = null) => new()
    {
        ["HOME"] = folder,
        ["CONVERSATION_HUB_ROOT"] = Path.Combine(folder, "conversations"),
        ["MAESTRA_STATE_ROOT"] = Path.Combine(folder, "state"),
        ["MAESTRA_USER_ID"] = "ada",
        ["MAESTRA_SYNC_INTERVAL_SECONDS"] = (every ?? intervalSeconds).ToString(CultureInfo.InvariantCulture),
        ["TEST_MODE"] = calls ? "false" : "true",
        ["LOG_LEVEL"] = "ERROR",
    };

    /// <param name="calls">Whether it calls its peer.</param>
    /// <param name="everySeconds">Another interval than usual.</param>
    public async Task StartAsync(bool calls, int? everySeconds = null) => _service = await RunningService.StartAsync(
        new Uri(Url, "/health"), program, ["serve", "--mode", "local", "--port", Port.ToString(CultureInfo.InvariantCulture)],
        Environment(calls, everySeconds));

    public void Stop()
    {
        _service?.Dispose();
        _service = null;
    }

    /// <summary>Processor time of all its threads so far.</summary>
    public TimeSpan Processor => _service!.Processor;

    public double ResidentMegabytes => _service!.ResidentMegabytes;

    public void Dispose()
    {
        Stop();
        _http.Dispose();
    }

    /// <summary>What a command of the program prints.</summary>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var (name, value) in Environment(calls: true))
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    /// <summary>One question and its reply: two messages, durable when it returns.</summary>
    public async Task AskAsync(string conversation)
    {
        var body = $$"""{"user_id":"ada","surface_id":"cli","conversation_id":"{{conversation}}","message":"What is said in {{conversation}}?"}""";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri(Url, "/api/maestra/core"), content);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>A question in each of many conversations, several at once.</summary>
    public Task AskManyAsync(string prefix, int count) => Parallel.ForEachAsync(
        Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = Writers }, async (n, _) => await AskAsync($"{prefix}{n}"));

    /// <summary>Whether a conversation is here with both messages.</summary>
    public async Task<bool> HasAsync(string conversation)
    {
        using var response = await _http.GetAsync(new Uri(Url, $"/conversations/{conversation}"));
        return response.IsSuccessStatusCode && JsonNode.Parse(await response.Content.ReadAsStringAsync())!["messages"]!.AsArray().Count == 2;
    }

    /// <summary>Sum of a counter over its labels.</summary>
    /// <param name="labels">What must stand among them.</param>
    public async Task<double> CounterAsync(string name, params string[] labels)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url, "/metrics"));
        request.Headers.Add("Accept", "text/plain");
        using var response = await _http.SendAsync(request);
        return (await response.Content.ReadAsStringAsync()).Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal)))
            .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
