using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>What a caller who sent a progress token reads while it waits.</summary>
public sealed class ProgressWallTests
{
    [Fact]
    public async Task Progress_LocalStopsAnswering_SaysWhoThinksWhoIsGivenUpAndWhoIsAskedNext()
    {
        await using var wall = new WallRig(Faults.Silent);
        await using var hub = await wall.StartAsync();
        // The cloud answers only when the caller has been told that it is asked.
        var told = hub.Program.Output.FirstAsync(line => line.Contains("cloud is thinking", StringComparison.Ordinal));
        wall.Cloud.OnAsk = ask => Chaos.RespondWhen(told, CannedResponse.Json(200, MaestraReplies.Envelope(ask, "cloud")));

        var answer = await AskWithProgressAsync(hub);

        Assert.Equal("local stalled?; cloud answered", WallScore.Attempts(answer));
        var messages = Messages(hub);
        Assert.Contains(messages, message => message.StartsWith("local is thinking, ", StringComparison.Ordinal));
        Assert.Contains(messages, message => message.StartsWith("local stopped showing signs of life; cloud is thinking, ", StringComparison.Ordinal));
        var values = Values(hub);
        Assert.Equal(values.Distinct().Order(), values);
    }

    [Fact]
    public async Task Progress_LocalStreams_ShowsTheTextSoFar()
    {
        await using var wall = new WallRig(Faults.StreamStops);
        await using var hub = await wall.StartAsync();
        await hub.CallToolAsync("maestra_health", new JsonObject { ["refresh"] = true });

        await AskWithProgressAsync(hub);

        Assert.Contains(Messages(hub), message => message.StartsWith("local is answering, ", StringComparison.Ordinal) && message.EndsWith(": an", StringComparison.Ordinal));
    }

    private static async Task<JsonObject> AskWithProgressAsync(StdioMcpClient hub)
    {
        var call = StdioMcpClient.ToolCall("maestra_ask", WallRig.Question());
        call["_meta"] = new JsonObject { ["progressToken"] = "t" };
        return (await hub.ResultAsync("tools/call", call)).Structured();
    }

    private static IReadOnlyList<string> Messages(StdioMcpClient hub) =>
        [.. hub.Notifications.Select(each => each["params"]?["message"]?.GetValue<string>()).OfType<string>()];

    private static IReadOnlyList<double> Values(StdioMcpClient hub) =>
        [.. hub.Notifications.Where(each => each["params"]?["progress"] is not null).Select(each => each["params"]!["progress"]!.GetValue<double>())];
}
