using System.Diagnostics;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Mcp;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>More questions than are asked at once.</summary>
public sealed class CrowdWallTests
{
    /// <summary><c>QuestionGate.MaxAtWork</c>; the two programs' insides are not seen from here.</summary>
    private const int AtWork = 256;

    private const int BudgetSeconds = 5;

    [Fact]
    public Task Ask_BudgetEndsInLine_IsToldInTimeAndHealthIsAnsweredMeanwhile() => Pace.ProveAsync(async () =>
    {
        await using var wall = new WallRig(Faults.SilentButAlive);
        await using var hub = await wall.StartAsync(BudgetSeconds);
        await hub.CompileAsync();

        // With progress they have 300 s, and the local backend is alive.
        for (var call = 0; call < AtWork; call++)
            await hub.SendAsync("tools/call", Call(progressToken: call));
        await wall.Local.Asks.ItemAsync(AtWork);

        // Once untimed: what is built here is compiled as it runs.
        await AnswerAsync(hub, await hub.SendAsync("tools/call", Call(progressToken: null)));
        await using var control = await ControlProgram.BesideAsync();
        var began = Stopwatch.GetTimestamp();
        var waits = await hub.SendAsync("tools/call", Call(progressToken: null));
        var health = await hub.SendAsync("tools/call", StdioMcpClient.ToolCall("maestra_health"));

        await AnswerAsync(hub, health);
        var healthTook = Stopwatch.GetElapsedTime(began);
        var told = (await AnswerAsync(hub, waits))["result"]!.AsObject();
        var took = Stopwatch.GetElapsedTime(began);

        WallScore.CheckTime(TimeSpan.FromSeconds(BudgetSeconds), took, control.HeldUpSince(WallScore.DueAt(began, BudgetSeconds)));
        Assert.True(healthTook < took, "health waited as well");
        Assert.Equal("local skipped_budget; cloud skipped_budget", WallScore.Attempts(told.Structured()));
        Assert.Equal("deadline_exceeded", told.Structured()["error"]!.AsObject().String("code"));
        Assert.False(told.Structured().Bool("may_have_run"));
        Assert.Equal((AtWork, 0), (wall.Local.Asks.Snapshot().Count, wall.Cloud.Asks.Snapshot().Count));
    });

    private static JsonObject Call(int? progressToken)
    {
        var call = StdioMcpClient.ToolCall("maestra_ask", WallRig.Question());
        if (progressToken is { } token)
            call["_meta"] = new JsonObject { ["progressToken"] = token };
        return call;
    }

    /// <summary>Without reading all lines again for each that comes: 256 calls tell of themselves every second.</summary>
    private static async Task<JsonObject> AnswerAsync(StdioMcpClient hub, int id) =>
        JsonNode.Parse(await hub.Program.Output.FirstAsync(line =>
            line.Contains($"\"id\":{id},", StringComparison.Ordinal) || line.EndsWith($"\"id\":{id}}}", StringComparison.Ordinal)))!.AsObject();
}
