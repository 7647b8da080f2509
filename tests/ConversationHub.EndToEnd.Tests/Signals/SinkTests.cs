using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.EndToEnd.Tests.Backend;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.WireMock;

namespace ConversationHub.EndToEnd.Tests.Signals;

/// <summary>Every sink, alert, dependency and collector of the real backend, well and with faults (T50, T52).</summary>
public sealed class SinkTests(WireMockServer outside) : IClassFixture<WireMockServer>, IAsyncLifetime
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly TemporaryFolder _folder = new();

    public Task InitializeAsync()
    {
        outside.Reset();
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Serve_EverythingTakesWhatItIsSent_T50_T52()
    {
        foreach (var path in (string[])["/audit", "/services/collector/event", "/slack", "/v1/metrics", "/v1/traces"])
            outside.Stub("POST", path, 200, new JsonObject());
        outside.Stub("GET", "/hub", 200, new JsonObject { ["status"] = "healthy" });
        await using var backend = await StartAsync();
        using var caller = new BackendCaller(backend.Url);
        await UntilAsync(async () => (await caller.GetAsync("/health"))["dependencies"]!.AsObject().String("memory_hub") == "healthy");
        await AskTracedAsync(backend.Url);

        Assert.Equal(0, await backend.StopAsync());

        var requests = outside.Requests;
        string[] events = ["startup", "shutdown"];
        Assert.Equal(events, At("/audit").Select(request => request.Json.String("event")));
        var splunk = At("/services/collector/event");
        Assert.Equal(events, splunk.Select(request => request.Json["event"]!.AsObject().String("event")));
        Assert.All(splunk, request => Assert.Equal(
            ("Splunk token-of-splunk", "maestra-backend", "maestra:audit"),
            (request.Headers["Authorization"], request.Json.String("source"), request.Json.String("sourcetype"))));
        Assert.Equal(events, backend.Program.Output.Snapshot().Select(line => JsonNode.Parse(line)!.AsObject().String("event")));
        Assert.Equal(
            ["Backend started", "Backend stopping"],
            At("/slack").Select(request => request.Json["attachments"]![0]!.AsObject().String("title")));
        Assert.Contains(At("/v1/metrics"), request => request.Body.Contains("maestra_total_requests", StringComparison.Ordinal));
        Assert.Contains(At("/v1/metrics"), request => request.Body.Contains("maestra_store_commit_seconds", StringComparison.Ordinal));
        var spans = At("/v1/traces");
        Assert.Contains(spans, request => request.Body.Contains("POST /api/maestra/core", StringComparison.Ordinal));
        Assert.Contains(spans, request => request.Body.Contains("advisor", StringComparison.Ordinal));
        Assert.Contains(backend.Program.Error.Snapshot(), line => line.Contains("Ask answered", StringComparison.Ordinal) && line.Contains(Trace, StringComparison.Ordinal));
        Assert.DoesNotContain(requests, request => request.Body.Contains("private words", StringComparison.Ordinal) || request.Body.Contains("ada", StringComparison.Ordinal));
        Assert.DoesNotContain("token-of-splunk", backend.Program.ErrorText, StringComparison.Ordinal);

        List<WireMockRequest> At(string path) => [.. requests.Where(request => request.Url == path)];
    }

    [Fact]
    public async Task Serve_EverythingIsBroken_AnswersAllTheSameAndCountsWhatIsLost_T50_T52()
    {
        outside.StubFault("POST", "/audit", WireMockFault.ConnectionReset);
        outside.StubText("POST", "/services/collector/event", 503, "busy", "text/plain");
        outside.StubText("POST", "/slack", 307, "", "text/plain", ("Location", "/elsewhere"));
        outside.StubFault("POST", "/v1/metrics", WireMockFault.RandomDataThenClose);
        outside.StubFault("GET", "/hub", WireMockFault.EmptyResponse);
        await using var backend = await StartAsync();
        using var caller = new BackendCaller(backend.Url);

        var (status, _) = await caller.AskAsync(BackendCaller.Question("private words", "main"));
        await UntilAsync(async () =>
        {
            var metrics = await MetricsAsync(backend.Url);
            return metrics.Contains("maestra_audit_dropped_total{sink=\"webhook\"} 1\n", StringComparison.Ordinal)
                && metrics.Contains("maestra_audit_dropped_total{sink=\"splunk\"} 1\n", StringComparison.Ordinal);
        });

        Assert.Equal(HttpStatusCode.OK, status);
        await UntilAsync(async () => (await caller.GetAsync("/health"))["dependencies"]!.AsObject().String("memory_hub") == "unhealthy");
        Assert.Equal("degraded", (await caller.GetAsync("/health")).String("status"));
        await backend.Program.Error.FirstAsync(line => line.Contains("An alert could not be sent: it answered 307", StringComparison.Ordinal));
        Assert.Equal(0, await backend.StopAsync());
        Assert.DoesNotContain(outside.Requests, request => request.Url == "/elsewhere");

        // What the two dead sinks have lost is on record in the one that lives (decision 69).
        var events = (await File.ReadAllLinesAsync(_folder.Combine("state", "audit.log"))).Select(static line => JsonNode.Parse(line)!.AsObject().String("event"));
        Assert.Equal(["startup", "records_dropped", "records_dropped", "shutdown"], events);
    }

    private static async Task AskTracedAsync(Uri url)
    {
        using var client = new HttpClient { Timeout = TestTimeouts.Signal };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url, "/api/maestra/core"))
        {
            Content = new StringContent(BackendCaller.Question("private words", "main").ToJsonString(), System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static async Task<string> MetricsAsync(Uri url)
    {
        using var client = new HttpClient { Timeout = TestTimeouts.Signal };
        return await client.GetStringAsync(new Uri(url, "/metrics/prometheus"));
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        while (!await isSo())
            await Task.Delay(Poll, patience.Token);
    }

    private Task<BackendProcess> StartAsync() => BackendProcess.StartAsync("local", _folder.Path, settings: [
        ("AUDIT_SINKS", "file,stdout,webhook,splunk"),
        ("AUDIT_WEBHOOK_URL", new Uri(outside.Url, "/audit").ToString()),
        ("SPLUNK_HEC_URL", outside.Url.ToString()),
        ("SPLUNK_HEC_TOKEN", "token-of-splunk"),
        ("MAESTRA_SLACK_WEBHOOK_URL", new Uri(outside.Url, "/slack").ToString()),
        ("MEMORY_HUB_URL", new Uri(outside.Url, "/hub").ToString()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", outside.Url.ToString()),
    ]);
}
