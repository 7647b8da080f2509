using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.Failover;

/// <summary>The real hub between two backends that are watched from both sides: what the client is told, and what reached each backend.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private const string Key = "mk_only-for-the-cloud-0123456789";

    private readonly HubHome _home = new();
    private readonly ScriptedBackend _local = ScriptedBackend.Start("local");
    private readonly ScriptedBackend _cloud = ScriptedBackend.Start("cloud");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _local.DisposeAsync();
        await _cloud.DisposeAsync();
        _home.Dispose();
        Assert.Empty(_local.Proxy.Faults);
        Assert.Empty(_cloud.Proxy.Faults);
    }

    [Theory]
    [InlineData(McpEra.Handshake)]
    [InlineData(McpEra.Stateless)]
    public async Task Ask_BothUp_IsAnsweredByLocalAlone(McpEra era)
    {
        await using var hub = await StartAsync(era);

        var answer = (await hub.CallToolAsync("maestra_ask", Question("hello"))).Structured();

        Assert.Equal("local", answer.String("served_by"));
        Assert.Equal("local heard: hello", answer.String("answer"));
        Assert.False(answer.Bool("degraded"));
        Assert.Equal([("local", "answered", false)], answer.Attempts());
        Assert.Empty(_cloud.Asks.Snapshot());
        Assert.Empty(hub.StrayLines);
    }

    [Fact]
    public async Task Ask_LocalRefuses_IsAnsweredByCloudWithTheSameIds()
    {
        await _local.Proxy.RefuseAsync();
        await using var hub = await StartAsync();

        var answer = (await hub.CallToolAsync("maestra_ask", Question("hello"))).Structured();

        Assert.Equal("cloud", answer.String("served_by"));
        Assert.True(answer.Bool("degraded"));
        Assert.False(answer.Bool("may_have_run"));
        Assert.Equal([("local", "refused", false), ("cloud", "answered", false)], answer.Attempts());
        var sent = Assert.Single(_cloud.Asks.Snapshot());
        Assert.Equal(answer.String("operation_id"), sent.OperationId);
        Assert.Equal(answer.String("conversation_id"), sent.Json.String("conversation_id"));
    }

    [Fact]
    public async Task Ask_LocalKilledDuringTheCall_IsAnsweredByCloudAsTheSameOperationThatMayHaveRun()
    {
        _local.Next(Chaos.StallBeforeHeaders);
        await using var hub = await StartAsync();
        var asking = hub.CallToolAsync("maestra_ask", Question("hello"));
        var atLocal = await _local.Asks.ItemAsync(1);

        await _local.Proxy.RefuseAsync();

        var answer = (await asking).Structured();
        var atCloud = Assert.Single(_cloud.Asks.Snapshot());
        Assert.Equal("cloud", answer.String("served_by"));
        Assert.True(answer.Bool("may_have_run"));
        Assert.Equal([("local", "reset", true), ("cloud", "answered", false)], answer.Attempts());
        Assert.Equal(answer.String("operation_id"), atLocal.OperationId);
        Assert.Equal(atLocal.OperationId, atCloud.OperationId);
        Assert.Equal(atLocal.Text, atCloud.Text);
    }

    [Fact]
    public async Task Ask_ResetBeforeLocalReadIt_StillSaysThatItMayHaveRun()
    {
        _local.Proxy.Behaviour = Chaos.ResetBeforeRead;
        await using var hub = await StartAsync();

        var answer = (await hub.CallToolAsync("maestra_ask", Question("hello"))).Structured();

        // The hub cannot know how far the request got, and must not claim to.
        Assert.Equal([("local", "reset", true), ("cloud", "answered", false)], answer.Attempts());
        Assert.True(answer.Bool("may_have_run"));
        Assert.Empty(_local.Asks.Snapshot());
    }

    [Fact]
    public async Task Ask_LocalBackAgain_IsAnsweredByLocalWithoutSpendingAQuestionOnFindingOut()
    {
        await _local.Proxy.RefuseAsync();
        await using var hub = await StartAsync();
        await hub.CallToolAsync("maestra_ask", Question("while it is down"));

        await _local.Proxy.ListenAsync();
        await _local.Probes.ItemAsync(1);
        var answer = await AskUntilAsync(hub, "local");

        Assert.Equal([("local", "answered", false)], answer.Attempts());
        Assert.All(_local.Asks.Snapshot(), ask => Assert.Equal("again", ask.Json.String("message")));
    }

    [Fact]
    public async Task Ask_FallbackOff_SendsNothingToTheCloudProbesIncluded()
    {
        await _local.Proxy.RefuseAsync();
        await using var hub = await StartAsync(settings: ("MAESTRA_FALLBACK_ENABLED", "false"));

        var failed = await hub.CallToolAsync("maestra_ask", Question("hello"));
        var health = await hub.CallToolAsync("maestra_health", new JsonObject { ["refresh"] = true });
        var legacy = await hub.CallToolAsync("maestra_legacy_ask", Question("hello"));
        var cloudOnly = await hub.CallToolAsync("maestra_ask", new JsonObject { ["message"] = "hello", ["route"] = "cloud-only" });
        await _local.Proxy.ListenAsync();
        await AskUntilAsync(hub, "local");

        Assert.All([failed, legacy, cloudOnly], result => Assert.True(result.IsError()));
        Assert.Equal("all_targets_failed", failed.Structured()["error"]!["code"]!.GetValue<string>());
        Assert.Equal("no_target_allowed", cloudOnly.Structured()["error"]!["code"]!.GetValue<string>());
        Assert.False(health.Structured().Bool("fallback_enabled"));
        Assert.Equal(0, _cloud.Proxy.Connections);
        Assert.DoesNotContain(Key, hub.Program.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_BothDown_NamesEachTargetAndWhatToDo()
    {
        await _local.Proxy.RefuseAsync();
        await _cloud.Proxy.RefuseAsync();
        await using var hub = await StartAsync();

        var failed = await hub.CallToolAsync("maestra_ask", Question("hello"));

        Assert.True(failed.IsError());
        Assert.Equal([("local", "refused", false), ("cloud", "refused", false)], failed.Structured().Attempts());
        Assert.False(failed.Structured().Bool("may_have_run"));
        Assert.Contains("local refused the connection", failed.Text(), StringComparison.Ordinal);
        Assert.Contains("cloud refused the connection", failed.Text(), StringComparison.Ordinal);
        Assert.Contains(failed.Structured().String("conversation_id")!, failed.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_TwoHundredInFlightWhenLocalDies_AreTwoHundredAnswersFromTheCloud()
    {
        const int Calls = 200;
        _local.OnAsk = _ => Chaos.StallBeforeHeaders;
        await using var hub = await StartAsync();
        var asking = Enumerable.Range(1, Calls)
            .Select(number => hub.CallToolAsync("maestra_ask", Question($"question {number}")))
            .ToList();
        // The hub bounds how many it works on at once; what matters is that many are open when the local backend dies.
        await _local.Asks.ItemAsync(16);

        await _local.Proxy.RefuseAsync();

        var results = await Task.WhenAll(asking);
        // A result without structure is a fault of the hub itself, and its log says which.
        Assert.True(results.All(result => result["structuredContent"] is not null), hub.Program.ErrorText);
        var answers = results.Select(result => result.Structured()).ToList();
        Assert.All(answers, answer => Assert.Equal("cloud", answer.String("served_by")));
        Assert.Equal(Calls, _cloud.Asks.Snapshot().Select(ask => ask.OperationId).Distinct().Count());
        Assert.Empty(hub.StrayLines);
    }

    [Fact]
    public async Task Ask_EitherBackend_OnlyTheCloudIsSentTheKey()
    {
        _local.Next(CannedResponse.Problem(503, "overloaded", "Too busy"));
        await using var hub = await StartAsync();

        await hub.CallToolAsync("maestra_ask", Question("hello"));

        Assert.Equal(Key, Assert.Single(_cloud.Asks.Snapshot()).ApiKey);
        Assert.All(_local.Proxy.Requests, request => Assert.DoesNotContain(request.Headers, header => header.Value.Contains(Key, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Ask_CancelledByTheClient_AbortsTheRequestAndSaysNothing()
    {
        _local.Next(Chaos.StallBeforeHeaders);
        await using var hub = await StartAsync();
        var id = await hub.SendAsync("tools/call", StdioMcpClient.ToolCall("maestra_ask", Question("hello")));
        await _local.Asks.ItemAsync(1);

        await hub.NotifyAsync("notifications/cancelled", new JsonObject { ["requestId"] = id, ["reason"] = "test" });
        await _local.Proxy.ClosedByClientAsync();
        await hub.ResultAsync("tools/list");

        Assert.DoesNotContain(hub.Program.Output.Snapshot(), line => line.Contains($"\"id\":{id},", StringComparison.Ordinal) || line.EndsWith($"\"id\":{id}}}", StringComparison.Ordinal));
        Assert.Empty(_cloud.Asks.Snapshot());
    }

    private static JsonObject Question(string message) => new() { ["message"] = message };

    private static async Task<JsonObject> AskUntilAsync(StdioMcpClient hub, string servedBy)
    {
        const int MaxAsks = 500;
        for (var asks = 0; asks < MaxAsks; asks++)
        {
            var answer = (await hub.CallToolAsync("maestra_ask", Question("again"))).Structured();
            if (answer.String("served_by") == servedBy)
                return answer;
        }

        throw new TimeoutException($"{servedBy} did not serve within {MaxAsks} questions:\n{hub.Program.ErrorText}");
    }

    private Task<StdioMcpClient> StartAsync(McpEra era = McpEra.Handshake, params (string Name, string Value)[] settings) => StdioMcpClient.StartAsync(
        _home.Serve([
            ("MAESTRA_LOCAL_URL", _local.Url.ToString()),
            ("MAESTRA_CLOUD_URL", _cloud.Url.ToString()),
            ("MAESTRA_API_KEY", Key),
            .. settings,
        ]),
        era);
}
