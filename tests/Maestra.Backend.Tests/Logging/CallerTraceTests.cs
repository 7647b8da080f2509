using System.Text.Json.Nodes;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Logging;

public sealed class CallerTraceTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task Ask_WithTraceparent_ItsTraceIsInEveryLineOfTheAsk()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.LogFormat, "json"));

        await backend.AskAsync(TestBackend.Question(), headers: [("traceparent", $"00-{TraceId}-b7ad6b7169203331-01"), ("tracestate", "vendor=1")]);
        await backend.AskAsync(TestBackend.Question());

        var lines = backend.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal([TraceId, null], lines.Where(line => (int)line["event_id"]! == 1001).Select(line => (string?)line["trace_id"]));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    public async Task Ask_MalformedTraceparent_IsIgnored(string traceparent)
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.LogFormat, "json"));

        var reply = await backend.AskAsync(TestBackend.Question(), headers: [("traceparent", traceparent)]);

        Assert.Equal(System.Net.HttpStatusCode.OK, reply.Status);
        Assert.DoesNotContain("trace_id", backend.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_TextForm_EndsWithTheTrace()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        await backend.AskAsync(TestBackend.Question(), headers: [("traceparent", $"00-{TraceId}-b7ad6b7169203331-01")]);

        Assert.Contains($"(trace_id {TraceId})", backend.Log, StringComparison.Ordinal);
    }
}
