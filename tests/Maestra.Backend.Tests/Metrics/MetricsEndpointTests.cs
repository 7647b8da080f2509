using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using Maestra.Backend.Advisors;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Metrics;

/// <summary><c>GET /metrics</c> (wire.md §6).</summary>
public sealed partial class MetricsEndpointTests
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task Json_AfterAsks_HasEveryFieldAndGrows_T2()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        backend.Advisor.Script = (_, _) =>
        {
            backend.Time.Advance(TimeSpan.FromMilliseconds(310.5));
            return Task.FromResult(ScriptedAdvisor.Answer("Yes."));
        };
        var before = await backend.GetAsync("/metrics");
        await backend.AskAsync(TestBackend.Question());
        await backend.AskAsync("{}");
        backend.Time.Advance(TimeSpan.FromSeconds(60));

        var after = await backend.GetAsync("/metrics");

        Assert.Equal(
            """{"timestamp":"2026-01-05T09:30:00.000000Z","uptime_seconds":0,"total_requests":0,"total_errors":0,"avg_latency_ms":0,"total_cost_usd":0,"active_conversations":0,"service":"maestra-backend","version":"2.0.0","cost_today_usd":0,"cost_month_usd":0,"rate_limited_total":0,"sync_lag_seconds":null}""",
            before.Text);
        Assert.Equal(
            """{"timestamp":"2026-01-05T09:31:00.310500Z","uptime_seconds":60,"total_requests":2,"total_errors":1,"avg_latency_ms":155.25,"total_cost_usd":0.5,"active_conversations":1,"service":"maestra-backend","version":"2.0.0","cost_today_usd":0,"cost_month_usd":0,"rate_limited_total":0,"sync_lag_seconds":null}""",
            after.Text);
    }

    [Fact]
    public async Task Json_Replay_CostsNothingAgain()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        (string, string) id = ("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293");
        await backend.AskAsync(TestBackend.Question(), headers: [id]);
        await backend.AskAsync(TestBackend.Question(), headers: [id]);

        var metrics = (await backend.GetAsync("/metrics")).Json;

        Assert.Equal((2, 0.5m), ((int)metrics["total_requests"]!, (decimal)metrics["total_cost_usd"]!));
    }

    [Fact]
    public async Task Cloud_NeedsAKey_T7()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, (await backend.GetAsync("/metrics")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await backend.GetAsync("/metrics/prometheus")).Status);
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/metrics", TestBackend.Key)).Status);
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/metrics", headers: [("Authorization", $"Bearer {TestBackend.AdaKey}")])).Status);
    }

    [Theory]
    [InlineData("/metrics", "*/*", "application/json")]
    [InlineData("/metrics", "application/json", "application/json")]
    [InlineData("/metrics", "text/plain", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("/metrics", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("/metrics", "text/plain;q=0", "application/json")]
    [InlineData("/metrics/prometheus", "application/json", "text/plain; version=0.0.4; charset=utf-8")]
    public async Task Accept_Chooses_T51(string path, string accept, string expected)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.GetAsync(path, headers: [("Accept", accept)]);

        Assert.Equal((HttpStatusCode.OK, expected), (reply.Status, reply.Headers["Content-Type"]));
    }

    [Fact]
    public async Task Text_ParsesAndHasEveryName_T51()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question());
        backend.Advisor.Script = (_, _) => Task.FromResult<AdvisorOutcome>(new AdvisorOutcome.Failed(AdvisorFailure.Provider, "no"));
        await backend.AskAsync(TestBackend.Question());

        var text = await TextAsync(backend, "status=\"502\",le=\"0.005\"} 1");

        var families = Parse(text);
        Assert.Superset(
            new HashSet<string>
            {
                "maestra_uptime_seconds gauge", "maestra_avg_latency_ms gauge", "maestra_active_conversations gauge", "maestra_total_requests counter",
                "maestra_total_errors counter", "maestra_total_cost_usd counter", "maestra_request_duration_seconds histogram",
                "maestra_rate_limited_total counter", "maestra_provider_requests_total counter",
                "maestra_audit_dropped_total counter", "maestra_sync_rounds_total counter", "maestra_sync_operations_total counter",
                "maestra_sync_bytes_total counter", "maestra_sync_lag_seconds gauge", "maestra_sync_quarantined gauge",
            },
            families);
        Assert.Contains("\nmaestra_total_requests 2\n", text, StringComparison.Ordinal);
        Assert.Contains("\nmaestra_total_errors 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\nmaestra_audit_dropped_total{sink=\"file\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("maestra_request_duration_seconds_count{route=\"/api/maestra/core\",method=\"POST\",status=\"200\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("maestra_request_duration_seconds_bucket{route=\"/api/maestra/core\",method=\"POST\",status=\"502\",le=\"0.005\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains(",le=\"+Inf\"} 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_WhateverWasAsked_HasNoUserConversationOrPathInALabel()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question("secret words", "secret-conversation", "secret-user", "secret-surface"));
        await backend.GetAsync("/conversations/secret-conversation");
        await backend.GetAsync("/secret-path");
        using var odd = new HttpRequestMessage(new HttpMethod("SECRET"), "/secret-path");
        await backend.SendAsync(odd);

        var text = await TextAsync(backend, "method=\"other\"");

        Assert.DoesNotContain("secret", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("route=\"/conversations/{id}\"", text, StringComparison.Ordinal);
        Assert.Contains("route=\"unmatched\",method=\"other\",status=\"404\"", text, StringComparison.Ordinal);
    }

    /// <summary>T49: its line too, whatever the leaving did to the work.</summary>
    [Fact]
    public async Task Ask_ClientGone_CountsAs499AndNotAsAnswered()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;
        using var gone = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, Routes.Core) { Content = TestBackend.Json(TestBackend.Question()) };

        var asking = backend.Client.SendAsync(request, gone.Token);
        await held.WaitUntilAskedAsync();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        var text = await TextAsync(backend, "route=\"/api/maestra/core\"");
        Assert.Contains("route=\"/api/maestra/core\",method=\"POST\",status=\"499\",le=\"+Inf\"} 1\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("status=\"200\"", text.Split('\n').Where(static line => line.Contains(Routes.Core, StringComparison.Ordinal)).Aggregate("", string.Concat), StringComparison.Ordinal);
        Assert.Contains("\nmaestra_total_requests 1\n", text, StringComparison.Ordinal);
    }

    /// <summary>
    /// The text once it counts the last request: how long one took is known only after its reply has left. Counts are read one after another, so
    /// that the text which first tells of it may have older ones before it: the next one has not.
    /// </summary>
    private static async Task<string> TextAsync(TestBackend backend, string last)
    {
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        while (true)
        {
            var text = (await backend.GetAsync("/metrics/prometheus")).Text;
            if (text.Contains(last, StringComparison.Ordinal))
                return (await backend.GetAsync("/metrics/prometheus")).Text;
            await Task.Delay(Poll, patience.Token);
        }
    }

    /// <summary>A strict reader of the text format: every line is one, every sample belongs to a declared family, every histogram adds up.</summary>
    private static HashSet<string> Parse(string text)
    {
        var types = new Dictionary<string, string>();
        var buckets = new Dictionary<string, double>();
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
                continue;
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var words = line.Split(' ');
                types.Add(words[2], words[3]);
                continue;
            }

            var sample = Sample().Match(line);
            Assert.True(sample.Success, $"no sample: {line}");
            var value = sample.Groups["value"].Value is "+Inf" ? double.PositiveInfinity : double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture);
            var name = sample.Groups["name"].Value;
            var family = types.ContainsKey(name) ? name : Suffix().Replace(name, "");
            Assert.True(types.ContainsKey(family), $"not declared: {line}");
            if (name == family + "_bucket")
            {
                var series = family + Bound().Replace(sample.Groups["labels"].Value, "");
                Assert.True(value >= buckets.GetValueOrDefault(series), $"buckets must grow: {line}");
                buckets[series] = value;
            }
            else if (name == family + "_count")
            {
                Assert.Equal(buckets[family + sample.Groups["labels"].Value], value);
            }
        }

        return [.. types.Select(type => $"{type.Key} {type.Value}")];
    }

    [GeneratedRegex("""^(?<name>[a-z_]+)(\{(?<labels>([a-z]+="[^"\\\n]*",?)*)\})? (?<value>[-+0-9.eEInf]+)$""")]
    private static partial Regex Sample();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();

    [GeneratedRegex(""",?le="[^"]*"$""")]
    private static partial Regex Bound();
}
