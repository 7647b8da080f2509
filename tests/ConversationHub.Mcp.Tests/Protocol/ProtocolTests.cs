using System.Text.Json.Nodes;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Testing;
using ConversationHub.Testing.Golden;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Tests.Protocol;

/// <summary>What any client sees, in both eras (mcp.md §1).</summary>
public sealed class ProtocolTests
{
    private const string Folder = "tests/ConversationHub.Mcp.Tests/Protocol";

    private const string Meta =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"modern","version":"1"}}""";

    /// <summary>T29.</summary>
    [Fact]
    public async Task ToolsList_Legacy_EqualsTheGoldenFile()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.RequestAsync(1, "tools/list");
        GoldenFile.Assert($"{Folder}/tools-list.golden.json", GoldenJson.Indented(await rig.ResultAsync(1)));
    }

    [Fact]
    public async Task Initialize_Answer_EqualsTheGoldenFile()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        GoldenFile.Assert($"{Folder}/initialize.golden.json", GoldenJson.Indented(await rig.ResultAsync(0)));
    }

    [Fact]
    public async Task Discover_Modern_MayBeCachedAndEqualsTheGoldenFile()
    {
        await using var rig = new HubRig();
        await rig.RequestAsync(1, "server/discover", $$"""{"_meta":{{Meta}} }""");
        GoldenFile.Assert($"{Folder}/discover.golden.json", GoldenJson.Indented(await rig.ResultAsync(1)));
    }

    /// <summary>A client whose probe was answered too late for it falls back to the older era; a busy machine must not shut it out.</summary>
    [Fact]
    public async Task Initialize_AfterAProbeWasAnswered_IsAnsweredAndSoAreTheCallsThatFollow()
    {
        await using var rig = new HubRig();
        for (var probe = 1; probe <= 2; probe++)
        {
            await rig.RequestAsync(probe, "server/discover", $$"""{"_meta":{{Meta}} }""");
            await rig.ResultAsync(probe);
        }

        await rig.ShakeHandsAsync();
        await rig.RequestAsync(3, "tools/list");

        Assert.Equal(3, (await rig.ResultAsync(3))["tools"]!.AsArray().Count);
    }

    [Fact]
    public async Task Call_OfTheNewerEraAfterItsProbe_IsAnswered()
    {
        await using var rig = new HubRig();
        await rig.RequestAsync(1, "server/discover", $$"""{"_meta":{{Meta}} }""");
        await rig.ResultAsync(1);
        await rig.RequestAsync(2, "tools/list", $$"""{"_meta":{{Meta}} }""");

        Assert.Equal(3, (await rig.ResultAsync(2))["tools"]!.AsArray().Count);
        Assert.Equal(1, rig.AnswersTo(1));
    }

    [Fact]
    public async Task ToolsList_Modern_IsTheSameListAndMayBeCached()
    {
        await using var legacy = new HubRig();
        await legacy.ShakeHandsAsync();
        await legacy.RequestAsync(1, "tools/list");
        await using var modern = new HubRig();
        await modern.RequestAsync(1, "tools/list", $$"""{"_meta":{{Meta}} }""");
        var result = await modern.ResultAsync(1);

        Assert.Equal((await legacy.ResultAsync(1))["tools"]!.ToJsonString(), result["tools"]!.ToJsonString());
        Assert.Equal(3_600_000, (int)result["ttlMs"]!);
        Assert.Equal("public", (string)result["cacheScope"]!);
        Assert.Equal("complete", (string)result["resultType"]!);
    }

    [Fact]
    public async Task Call_Modern_AsksForTheClientOfThatRequest()
    {
        await using var rig = new HubRig();
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""", Meta);
        await rig.ResultAsync(1);
        var body = JsonNode.Parse((await rig.Router.Asked.ItemAsync(1)).Body.Span)!;
        Assert.Equal("modern", (string)body["surface_id"]!);
    }

    [Theory]
    [InlineData("""{"name":"nope"}""")]
    [InlineData("""{"name":5}""")]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("""{"name":"maestra_ask","arguments":"hi"}""")]
    public async Task Call_UnknownToolOrMalformed_IsAProtocolErrorInvalidParams(string parameters)
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.RequestAsync(1, "tools/call", parameters);
        Assert.Equal(-32602, (int)(await rig.AnswerAsync(1))["error"]!["code"]!);
    }

    [Fact]
    public async Task Call_RouterThrows_IsAToolErrorWithoutTheException()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        rig.Router.OnAsk = (_, _) => throw new InvalidOperationException("secret detail");
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""");
        var result = await rig.ResultAsync(1);

        Assert.True((bool)result["isError"]!);
        Assert.DoesNotContain("secret detail", result.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains(rig.Logs.Snapshot(), record => record.Event.Id == 4010);
    }

    [Fact]
    public async Task Call_TraceContextInMeta_ReachesTheRouter()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""", """{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","tracestate":"a=b"}""");
        await rig.ResultAsync(1);
        var question = await rig.Router.Asked.ItemAsync(1);
        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", question.Trace!.Parent);
        Assert.Equal("a=b", question.Trace.State);
    }

    /// <summary>A line break in a header's value would begin a request of the caller's own making, with the owner's key.</summary>
    [Theory]
    [InlineData("""{"traceparent":"a\r\nContent-Length: 0\r\n\r\nDELETE /conversations/victim HTTP/1.1\r\nHost: x\r\nX: "}""")]
    [InlineData("""{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n"}""")]
    [InlineData("""{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\u00e9-01"}""")]
    [InlineData("""{"tracestate":"a=b"}""")]
    public async Task Call_WhatIsNoTraceContext_GoesNowhere(string meta)
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""", meta);
        await rig.ResultAsync(1);
        Assert.Null((await rig.Router.Asked.ItemAsync(1)).Trace);
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2026-07-28")]
    public async Task OfficialClient_BothEras_ListsAndCalls(string version)
    {
        await using var rig = new HubRig(readOutput: false);
        var transport = new StreamClientTransport(rig.ClientWrites, rig.ClientReads);
        await using var client = await McpClient.CreateAsync(
            transport,
            new McpClientOptions { ProtocolVersion = version, ClientInfo = new Implementation { Name = "sdk", Version = "1" } })
            .WaitAsync(TestTimeouts.Signal);
        var tools = await client.ListToolsAsync();
        var result = await client.CallToolAsync("maestra_ask", new Dictionary<string, object?> { ["message"] = "hi" });

        Assert.Equal(["maestra_ask", "maestra_health", "maestra_legacy_ask"], tools.Select(tool => tool.Name));
        Assert.StartsWith("Two rules were merged.", ((TextContentBlock)result.Content[0]).Text, StringComparison.Ordinal);
        Assert.Equal("local", result.StructuredContent!.Value.GetProperty("served_by").GetString());
    }
}
