using System.Text.Json.Nodes;
using ConversationHub.Testing.Mcp;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Asking several times in one session, and reading what the hub says of itself.</summary>
internal static class WallAnswers
{
    /// <summary>The structured form of one question's result.</summary>
    public static async Task<JsonObject> AskAsync(this StdioMcpClient hub, string message = WallRig.Message) =>
        (await hub.CallToolAsync("maestra_ask", WallRig.Question(message))).Structured();

    /// <summary>The same question so many times, one after the other.</summary>
    public static async Task<IReadOnlyList<JsonObject>> AskAsync(this StdioMcpClient hub, int times, string message = WallRig.Message)
    {
        var answers = new List<JsonObject>();
        for (var i = 0; i < times; i++)
            answers.Add(await hub.AskAsync(message));
        return answers;
    }

    /// <summary>The <paramref name="number"/>-th time (from 1) that the hub's log says the target's breaker changed to the state.</summary>
    public static Task BreakerAsync(this StdioMcpClient hub, string target, string state, int number = 1) =>
        hub.Program.Error.WhenAsync(lines => lines.Count(line => line.Contains($"Target {target} is now {state}:", StringComparison.Ordinal)) >= number);

    /// <summary>
    /// Has the hub run what a failed question runs, without asking anybody: what is built here is compiled as it runs, and the published
    /// program is not.
    /// </summary>
    public static async Task CompileAsync(this StdioMcpClient hub)
    {
        if (Environment.GetEnvironmentVariable("MAESTRA_TEST_HUB") is null or "")
            await hub.CallToolAsync("maestra_ask", new JsonObject { ["message"] = "" });
    }

    /// <summary>One target as <c>maestra_health</c> tells of it.</summary>
    public static async Task<JsonObject> HealthOfAsync(this StdioMcpClient hub, string target)
    {
        var health = (await hub.CallToolAsync("maestra_health", new JsonObject { ["refresh"] = true })).Structured();
        return health["targets"]!.AsArray().Single(each => each!["name"]!.GetValue<string>() == target)!.AsObject();
    }
}
