using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.Stdio;

/// <summary>Standard output carries MCP and nothing else, whatever is logged and whatever goes wrong; and the process ends when its client does.</summary>
public sealed class CleanOutputTests : IAsyncLifetime
{
    private const string Secret = "mk_never-to-be-seen-0123456789";
    private const string Message = "a-message-that-no-log-may-hold";

    private readonly HubHome _home = new();
    private readonly ScriptedBackend _local = ScriptedBackend.Start();
    private readonly ScriptedBackend _cloud = ScriptedBackend.Start("cloud");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _local.DisposeAsync();
        await _cloud.DisposeAsync();
        _home.Dispose();
    }

    [Theory]
    [InlineData("DEBUG", "text", McpEra.Handshake)]
    [InlineData("DEBUG", "json", McpEra.Stateless)]
    [InlineData("INFO", "json", McpEra.Handshake)]
    [InlineData("TRACE", "text", McpEra.Stateless)]
    [InlineData("TRACE", "json", McpEra.Handshake)]
    public async Task Serve_AnyLogSetting_WritesOnlyMcpToStandardOutput(string level, string format, McpEra era)
    {
        _local.Next(Chaos.Respond(MaestraOk()), Chaos.ResetAfterRead, Chaos.Garbage());
        await using var hub = await StartAsync(era, ("LOG_LEVEL", level), ("MAESTRA_LOG_FORMAT", format));

        await hub.ResultAsync("tools/list");
        for (var call = 0; call < 3; call++)
            await hub.CallToolAsync("maestra_ask", new JsonObject { ["message"] = Message });
        await hub.CallToolAsync("maestra_health");
        await hub.CallToolAsync("maestra_ask", new JsonObject { ["mesage"] = "an unknown argument" });
        var exitCode = await hub.CloseAsync();

        Assert.Equal(0, exitCode);
        Assert.Empty(hub.StrayLines);
        Assert.DoesNotContain(Secret, hub.Program.ErrorText, StringComparison.Ordinal);
        if (level != "TRACE")
            Assert.DoesNotContain(Message, hub.Program.ErrorText, StringComparison.Ordinal);
        if (format == "json")
            Assert.All(hub.Program.Error.Snapshot(), line => Assert.IsType<JsonObject>(JsonNode.Parse(line)));
    }

    [Fact]
    public async Task Serve_LinesThatAreNotMcp_AreAnsweredAndTheConnectionGoesOn()
    {
        await using var hub = await StartAsync(McpEra.Handshake);

        await hub.WriteLineAsync("this is not JSON");
        await hub.WriteLineAsync("[{\"jsonrpc\":\"2.0\",\"id\":900,\"method\":\"tools/list\"}]");
        var tools = await hub.ResultAsync("tools/list");

        Assert.Equal(3, tools["tools"]!.AsArray().Count);
        Assert.Empty(hub.StrayLines);
        Assert.Contains(hub.Program.Output.Snapshot(), line => line.Contains("-32700", StringComparison.Ordinal));
        Assert.Contains(hub.Program.Output.Snapshot(), line => line.Contains("-32600", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Serve_InputEndsWithAQuestionOpen_EndsWithZeroAndAbortsIt()
    {
        _local.Next(Chaos.StallBeforeHeaders);
        await using var hub = await StartAsync(McpEra.Handshake);
        await hub.SendAsync("tools/call", StdioMcpClient.ToolCall("maestra_ask", new JsonObject { ["message"] = Message }));
        await _local.Asks.ItemAsync(1);

        Assert.Equal(0, await hub.CloseAsync());

        await _local.Proxy.ClosedByClientAsync();
        Assert.Empty(_cloud.Asks.Snapshot());
    }

    [Fact]
    public async Task Serve_Terminated_EndsWithZero()
    {
        await using var hub = await StartAsync(McpEra.Handshake);

        Assert.Equal(0, await hub.Program.TerminateAsync());
        Assert.Empty(hub.StrayLines);
    }

    private static CannedResponse MaestraOk() => CannedResponse.Json(200, MaestraReplies.Envelope("fine", "conv_2026-01-05_ada_406e64f1"));

    private Task<StdioMcpClient> StartAsync(McpEra era, params (string Name, string Value)[] settings) => StdioMcpClient.StartAsync(
        _home.Serve([
            ("MAESTRA_LOCAL_URL", _local.Url.ToString()),
            ("MAESTRA_CLOUD_URL", _cloud.Url.ToString()),
            ("MAESTRA_API_KEY", Secret),
            .. settings,
        ]),
        era);
}
