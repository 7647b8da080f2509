using System.Diagnostics;
using System.Security.Cryptography;
using Quickstart;

// The whole story on one machine: a question asked through MCP is answered by the local backend, by the cloud when the
// local one has been killed, and by the local one again when it is back, which by then has what the cloud was told.
// Nothing is left behind; the exit code is 0 only if every step happened and both sides hold the same conversation.

var clock = Stopwatch.StartNew();
var folder = Directory.CreateTempSubdirectory("maestra-quickstart-");
try
{
    await TellAsync(folder.FullName);
    Console.WriteLine($"\nDone in {clock.Elapsed.TotalSeconds:0.0} s. Everything that was started has ended, and {folder.FullName} is gone.");
    return 0;
}
catch (StoryException failure)
{
    await Console.Error.WriteLineAsync($"\nThe story ends here: {failure.Message}");
    return 1;
}
finally
{
    folder.Delete(recursive: true);
}

static async Task TellAsync(string folder)
{
    var apiKey = $"mk_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}";
    var localHome = Path.Combine(folder, "local");

    Say("1. Two backends start: one on this machine, and one that plays the cloud and wants a key.");
    await using var cloud = await BackendProgram.StartAsync("cloud", Path.Combine(folder, "cloud"), apiKey);
    await using var firstLocal = await BackendProgram.StartAsync("local", localHome);
    Show($"local at {firstLocal.Url}, cloud at {cloud.Url}, both healthy");

    Say("2. Their owner pairs them, so that they keep the same conversations: one invites, the other joins.");
    var invitation = await cloud.CommandAsync("peers", "invite", "--user", "ada");
    await firstLocal.CommandAsync("peers", "join", invitation.Split('\n')[0].Trim().Split(' ')[^1], "--url", cloud.Url.ToString(), "--user", "ada");
    Show("each knows the other's key now, and no other backend gets anything");

    Say("3. An MCP client, as an IDE is one, starts conversation-hub-mcp and asks for its tools.");
    await using var hub = await HubConnection.OpenAsync(Path.Combine(folder, "hub"), firstLocal.Url, cloud.Url, apiKey);
    Show(string.Join(", ", await hub.ListToolsAsync()));

    Say("4. A question. The local backend is there, so it answers; a copy goes to the paired cloud, and nowhere else.");
    var first = await AskAsync(hub, "We merged the two comma rules of the parser because they overlapped. Note it.", null, "local");
    var conversation = first.ConversationId;

    Say("5. Another one in the same conversation. The offline advisor quotes what was said before.");
    var recalled = await AskAsync(hub, "Why did we merge the comma rules of the parser?", conversation, "local");
    Require(recalled.Text.Contains("overlapped", StringComparison.Ordinal), "the answer does not quote the earlier message");
    await SeenAsync(cloud, conversation, lines => lines.Count == 4, "the cloud did not get what was said locally");

    Say("6. The local backend is killed (kill -9). The same conversation goes on in the cloud.");
    await firstLocal.KillAsync();
    var failedOver = await AskAsync(hub, "The release is on Friday, after the parser change. Note it.", conversation, "cloud");
    Require(failedOver.ConversationId == conversation, "the cloud began another conversation");

    Say("7. The local backend starts again over the same files. The hub notices by itself.");
    await using var secondLocal = await BackendProgram.StartAsync("local", localHome, port: firstLocal.Url.Port);
    Show($"the hub sees it after {await hub.WaitUntilLocalIsBackAsync():0} ms");
    await SeenAsync(secondLocal, conversation, lines => lines.Count == 6, "the local backend did not get what was said in the cloud");
    Show("and it has what was said in the cloud meanwhile");

    Say("8. The next question is answered locally, from what was durable before the kill.");
    var back = await AskAsync(hub, "Which comma rules did we merge?", conversation, "local");
    Require(back.Text.Contains("overlapped", StringComparison.Ordinal), "what was said before the kill is gone");

    Say("9. Both sides hold the same conversation.");
    var local = await secondLocal.ReadTranscriptAsync(conversation);
    var hosted = await SeenAsync(cloud, conversation, lines => lines.SequenceEqual(local), "the two sides do not hold the same");
    foreach (var line in hosted)
        Show(line.Length <= 110 ? line : line[..109] + "…");
    Show($"the transcript of both sides is the same: {local.Count} messages");

    Say("10. The client closes the connection.");
    Require(await hub.CloseAsync() == 0, "conversation-hub-mcp did not end with 0");
    Show("conversation-hub-mcp ended with 0");
    Console.WriteLine("\n(Each program was compiled while it ran, so its first answer took long; a published one has that behind it.)");
}

static async Task<IReadOnlyList<string>> SeenAsync(BackendProgram backend, string conversation, Func<IReadOnlyList<string>, bool> isThere, string otherwise)
{
    // It takes a second or two; the limit is for a machine that is very busy.
    const int MaxLooks = 300;
    IReadOnlyList<string> lines = [];
    for (var look = 0; look < MaxLooks; look++)
    {
        lines = await backend.ReadTranscriptAsync(conversation);
        if (isThere(lines))
            return lines;
        await Task.Delay(TimeSpan.FromMilliseconds(200));
    }

    throw new StoryException($"{otherwise}; it has:\n{string.Join('\n', lines)}");
}

static async Task<Answer> AskAsync(HubConnection hub, string message, string? conversationId, string expectedServer)
{
    Console.WriteLine($"   > {message}");
    var answer = await hub.AskAsync(message, conversationId);
    Require(answer.ServedBy == expectedServer, $"served by {answer.ServedBy ?? "nobody"}, not by {expectedServer}: {answer.Text}");
    foreach (var line in answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        Console.WriteLine($"   < {line}");
    Show($"served by {answer.ServedBy} in {answer.ElapsedMilliseconds:0} ms, conversation {answer.ConversationId}");
    return answer;
}

static void Say(string text) => Console.WriteLine($"\n{text}");

static void Show(string text) => Console.WriteLine($"   {text}");

static void Require(bool happened, string otherwise)
{
    if (!happened)
        throw new StoryException(otherwise);
}
