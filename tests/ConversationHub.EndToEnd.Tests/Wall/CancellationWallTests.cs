using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>The caller cancels: the request is aborted wherever it is, and nothing is said, in every state a question can be in.</summary>
public sealed class CancellationWallTests
{
    [Fact]
    public Task Cancelled_WhileLocalIsSilent_IsAbortedThere() =>
        CheckAsync(new WallRig(Faults.SilentButAlive), wall => [wall.Local], asked: (1, 0));

    [Fact]
    public Task Cancelled_InTheBodyOfTheReply_IsAbortedThere() =>
        CheckAsync(new WallRig(Faults.SilentInTheBody), wall => [wall.Local], asked: (1, 0));

    [Fact]
    public Task Cancelled_InTheStream_IsAbortedThere() =>
        CheckAsync(new WallRig(Faults.StreamsSlowly), wall => [wall.Local], asked: (1, 0), warm: true);

    [Fact]
    public Task Cancelled_AtTheCloudAfterFailover_IsAbortedThere() =>
        CheckAsync(new WallRig(Faults.ResetsAfterReading, Faults.SilentButAlive), wall => [wall.Cloud], asked: (1, 1));

    [Fact]
    public Task Cancelled_AfterItHedged_IsAbortedAtBoth() => CheckAsync(
        new WallRig(Faults.SilentButAlive, Faults.SilentButAlive),
        wall => [wall.Local, wall.Cloud],
        asked: (1, 1),
        settings: ("MAESTRA_HEDGE_MS", "10"));

    /// <summary>Nothing reaches a backend that does not accept; progress tells when the hub tries to connect.</summary>
    [Fact]
    public async Task Cancelled_WhileItConnects_SaysNothing()
    {
        await using var wall = new WallRig(Faults.Refuses, Faults.NeverAccepts);
        await using var hub = await wall.StartAsync();
        var call = StdioMcpClient.ToolCall("maestra_ask", WallRig.Question());
        call["_meta"] = new JsonObject { ["progressToken"] = "t" };
        var id = await hub.SendAsync("tools/call", call);
        await hub.Program.Output.FirstAsync(line => line.Contains("notifications/progress", StringComparison.Ordinal) && line.Contains("cloud", StringComparison.Ordinal));

        await CancelAsync(hub, id);

        await AssertUnansweredAsync(hub, id);
    }

    /// <param name="holders">The backends that hold the question when it is cancelled.</param>
    /// <param name="asked">How many asks each backend has read in the end.</param>
    private static async Task CheckAsync(
        WallRig rig, Func<WallRig, ScriptedBackend[]> holders, (int Local, int Cloud) asked, bool warm = false, params (string Name, string Value)[] settings)
    {
        await using var wall = rig;
        await using var hub = await wall.StartAsync(settings: settings);
        if (warm)
            await hub.CallToolAsync("maestra_health", new JsonObject { ["refresh"] = true });
        var id = await hub.SendAsync("tools/call", StdioMcpClient.ToolCall("maestra_ask", WallRig.Question()));
        foreach (var backend in holders(wall))
            await backend.Asks.ItemAsync(1);

        await CancelAsync(hub, id);

        foreach (var backend in holders(wall))
            await backend.Proxy.ClosedByClientAsync();
        await AssertUnansweredAsync(hub, id);
        Assert.Equal(asked, (wall.Local.Asks.Snapshot().Count, wall.Cloud.Asks.Snapshot().Count));
        Assert.DoesNotContain("is now open", hub.Program.ErrorText, StringComparison.Ordinal);
    }

    private static Task CancelAsync(StdioMcpClient hub, int id) =>
        hub.NotifyAsync("notifications/cancelled", new JsonObject { ["requestId"] = id, ["reason"] = "test" });

    private static async Task AssertUnansweredAsync(StdioMcpClient hub, int id)
    {
        // Whatever would have been said of the call stands before this answer or never comes.
        await hub.ResultAsync("tools/list");
        await hub.CloseAsync();
        Assert.DoesNotContain(hub.Program.Output.Snapshot(), line => JsonNode.Parse(line)!["id"]?.GetValue<int>() == id);
        Assert.Empty(hub.StrayLines);
    }
}
