using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.EndToEnd.Tests.Backend;
using ConversationHub.Testing;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.WholePath;

/// <summary>The real hub between two real backends.</summary>
public sealed class WholePathTests : IDisposable
{
    private const string Key = "mk_0123456789abcdefghijkl";

    private readonly HubHome _home = new();
    private readonly TemporaryFolder _local = new();
    private readonly TemporaryFolder _cloud = new();

    public void Dispose()
    {
        _home.Dispose();
        _local.Dispose();
        _cloud.Dispose();
    }

    [Fact]
    public async Task Ask_LocalKilledAndBack_TheConversationGoesOnWhoeverAnswers()
    {
        await using var cloud = await BackendProcess.StartAsync("cloud", _cloud.Path, settings: ("MAESTRA_API_KEY", Key));
        await using var local = await BackendProcess.StartAsync("local", _local.Path);
        await using var hub = await StartHubAsync(local.Url, cloud.Url);

        var first = (await hub.CallToolAsync("maestra_ask", Question("We merged the comma rules."))).Structured();
        var conversation = first.String("conversation_id")!;
        await local.KillAsync();
        var second = (await hub.CallToolAsync("maestra_ask", Question("And the colon rules?", conversation))).Structured();
        await using var back = await BackendProcess.StartAsync("local", _local.Path, local.Url.Port);
        var third = await AskUntilLocalAsync(hub, conversation);

        Assert.Equal(("local", "local"), (first.String("served_by"), first.String("source")));
        Assert.Equal(("cloud", "cloud"), (second.String("served_by"), second.String("source")));
        Assert.Equal([("local", "refused", false), ("cloud", "answered", false)], second.Attempts());
        Assert.Equal(conversation, second.String("conversation_id"));
        Assert.Contains("We merged the comma rules.", third.String("answer"), StringComparison.Ordinal);
        Assert.Empty(hub.StrayLines);
    }

    [Fact]
    public async Task Ask_ReplyOfLocalLost_IsTheSameOperationAtBoth()
    {
        await using var cloud = await BackendProcess.StartAsync("cloud", _cloud.Path, settings: ("MAESTRA_API_KEY", Key));
        await using var local = await BackendProcess.StartAsync("local", _local.Path);
        await using var wire = ChaosProxy.Start();
        wire.Route = request => request.Method == "POST" ? Chaos.PassThroughThenReset(local.Url) : Chaos.PassThrough(local.Url);
        await using var hub = await StartHubAsync(wire.Url, cloud.Url);

        var answer = (await hub.CallToolAsync("maestra_ask", Question("Once."))).Structured();

        Assert.Equal("cloud", answer.String("served_by"));
        Assert.True(answer.Bool("may_have_run"));
        Assert.Equal([("local", "reset", true), ("cloud", "answered", false)], answer.Attempts());
        using var atLocal = new BackendCaller(local.Url);
        using var atCloud = new BackendCaller(cloud.Url, Key);
        var path = $"/conversations/{answer.String("conversation_id")}";
        Assert.Equal([(answer.String("operation_id")!, "Once.")], Questions(await atLocal.GetAsync(path)));
        Assert.Equal([(answer.String("operation_id")!, "Once.")], Questions(await atCloud.GetAsync(path)));
    }

    [Fact]
    public async Task LegacyAskAndHealth_BothUp_AreAnsweredByTheRealBackends()
    {
        await using var cloud = await BackendProcess.StartAsync("cloud", _cloud.Path, settings: ("MAESTRA_API_KEY", Key));
        await using var local = await BackendProcess.StartAsync("local", _local.Path);
        await using var hub = await StartHubAsync(local.Url, cloud.Url, McpEra.Stateless);

        var legacy = (await hub.CallToolAsync("maestra_legacy_ask", new JsonObject { ["question"] = "hello", ["session_id"] = "notes" })).Structured();
        var health = (await hub.CallToolAsync("maestra_health")).Structured();

        Assert.Equal(("local", "notes", "notes"), (legacy.String("served_by"), legacy.String("session_id"), legacy.String("trace_id")));
        Assert.Equal("local", health.String("active"));
        Assert.All(health["targets"]!.AsArray(), target =>
        {
            Assert.Equal("healthy", target!["status"]!.GetValue<string>());
            Assert.Equal("closed", target["breaker"]!.GetValue<string>());
        });
    }

    [Fact]
    public async Task Ask_LocalFoundByItsPortFile_NeedsNoSetting()
    {
        // Both programs share a home here, as they do on a person's machine.
        await using var local = await BackendProcess.StartAsync("local", _home.Path);
        await using var hub = await StdioMcpClient.StartAsync(_home.Serve());

        var answer = (await hub.CallToolAsync("maestra_ask", Question("hello"))).Structured();

        Assert.Equal("local", answer.String("served_by"));
    }

    /// <summary>Tagged at the backend, which no answer has told a hub of: the mark that the two share in one home does.</summary>
    [Fact]
    public async Task Ask_ConversationKeptLocalAndLocalKilled_TheCloudIsNotAsked()
    {
        await using var cloud = ChaosProxy.Start(Chaos.Respond(CannedResponse.Json(200, MaestraReplies.Envelope("from the cloud", "diary"))));
        await using var local = await BackendProcess.StartAsync("local", _home.Path);
        await KeepAsync(local, "diary");
        await using var hub = await StartHubAsync(local.Url, cloud.Url);
        await local.KillAsync();

        var kept = (await hub.CallToolAsync("maestra_ask", Question("It is a secret.", "diary"))).Structured();

        Assert.Empty(cloud.Requests);
        Assert.Contains("local_only", kept.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("cloud", (await hub.CallToolAsync("maestra_ask", Question("hello", "notes"))).Structured().String("served_by"));
    }

    /// <summary>The mark is of a version before, which made one file for all, and a backend that knows no tag answers in a conversation of the same name.</summary>
    [Fact]
    public async Task Ask_ConversationKeptByAVersionBefore_IsKeptWhateverAnotherBackendOfThisHomeAnswers()
    {
        await using var cloud = ChaosProxy.Start(Chaos.Respond(CannedResponse.Json(200, MaestraReplies.Envelope("from the cloud", "diary"))));
        await using (var before = await BackendProcess.StartAsync("local", _home.Path))
            await KeepAsync(before, "diary");
        var mark = Assert.Single(Directory.GetDirectories(Path.Combine(_home.Path, ".maestra", "local-only.d")));
        Directory.Delete(mark, recursive: true);
        await File.WriteAllTextAsync(mark, "");
        await using var local = await BackendProcess.StartAsync("local", _home.Path);
        await using var other = await BackendProcess.StartAsync("local", _local.Path, settings: ("HOME", _home.Path));
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!Directory.Exists(mark))
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
        await using (var told = await StartHubAsync(other.Url, cloud.Url))
            Assert.Equal("local", (await told.CallToolAsync("maestra_ask", Question("hello", "diary"))).Structured().String("served_by"));
        await using var hub = await StartHubAsync(local.Url, cloud.Url);
        await local.KillAsync();

        await hub.CallToolAsync("maestra_ask", Question("It is a secret.", "diary"));

        Assert.Empty(cloud.Requests);
    }

    private static async Task KeepAsync(BackendProcess backend, string conversation)
    {
        using var owner = new BackendCaller(backend.Url);
        await owner.AskAsync(BackendCaller.Question("Let us begin.", conversation));
        var (status, _) = await owner.SendAsync(HttpMethod.Patch, $"/conversations/{conversation}?user_id=ada", """{"add_tags":["local_only"]}""");
        Assert.Equal(HttpStatusCode.OK, status);
    }

    private static JsonObject Question(string message, string? conversationId = null)
    {
        var question = new JsonObject { ["message"] = message };
        if (conversationId is not null)
            question["conversation_id"] = conversationId;
        return question;
    }

    private static IEnumerable<(string OperationId, string Content)> Questions(JsonObject conversation) =>
        conversation["messages"]!.AsArray()
            .Where(message => message!["role"]!.GetValue<string>() == "user")
            .Select(message => (message!["meta"]!["operation_id"]!.GetValue<string>(), message["content"]!.GetValue<string>()));

    private static async Task<JsonObject> AskUntilLocalAsync(StdioMcpClient hub, string conversationId)
    {
        const int MaxAsks = 500;
        for (var asks = 0; asks < MaxAsks; asks++)
        {
            var answer = (await hub.CallToolAsync("maestra_ask", Question("Which comma rules were merged?", conversationId))).Structured();
            if (answer.String("served_by") == "local")
                return answer;
        }

        throw new TimeoutException($"local did not serve within {MaxAsks} questions:\n{hub.Program.ErrorText}");
    }

    private Task<StdioMcpClient> StartHubAsync(Uri local, Uri cloud, McpEra era = McpEra.Handshake) => StdioMcpClient.StartAsync(
        _home.Serve(("MAESTRA_LOCAL_URL", local.ToString()), ("MAESTRA_CLOUD_URL", cloud.ToString()), ("MAESTRA_API_KEY", Key)), era);
}
