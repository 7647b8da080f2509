using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Backend;

/// <summary>What the real backend still knows after it was killed: everything it acknowledged.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Restart_AfterKillBetweenQuestions_KeepsTheConversation()
    {
        await using (var first = await BackendProcess.StartAsync("local", _folder.Path))
        {
            using var caller = new BackendCaller(first.Url);
            await caller.AskAsync(BackendCaller.Question("We merged the comma rules.", "main"));
            await caller.AskAsync(BackendCaller.Question("Why the comma rules?", "main"));
            await first.KillAsync();
        }

        await using var second = await BackendProcess.StartAsync("local", _folder.Path);
        using var again = new BackendCaller(second.Url);
        var conversation = await again.GetAsync("/conversations/main");

        Assert.Equal(["user", "assistant", "user", "assistant"], Roles(conversation));
        Assert.Equal("We merged the comma rules.", conversation["messages"]![0]!["content"]!.GetValue<string>());
    }

    [Fact]
    public async Task Restart_AfterKillUnderLoad_LosesNothingThatWasAcknowledged()
    {
        const int Writers = 8;
        const int EnoughAnswers = 40;
        var acknowledged = new Journal<string>();
        await using (var first = await BackendProcess.StartAsync("local", _folder.Path))
        {
            var writing = Enumerable.Range(0, Writers).Select(writer => WriteUntilItDiesAsync(first.Url, writer, acknowledged)).ToList();
            await acknowledged.ItemAsync(EnoughAnswers);
            await first.KillAsync();
            await Task.WhenAll(writing);
        }

        await using var second = await BackendProcess.StartAsync("local", _folder.Path);
        using var again = new BackendCaller(second.Url);
        var kept = new HashSet<string>();
        foreach (var writer in Enumerable.Range(0, Writers))
        {
            var conversation = await again.GetAsync($"/conversations/load-{writer}");
            kept.UnionWith(conversation["messages"]!.AsArray()
                .Where(message => message!["role"]!.GetValue<string>() == "user")
                .Select(message => message!["content"]!.GetValue<string>()));
        }

        Assert.Subset(kept, acknowledged.Snapshot().ToHashSet());
    }

    [Fact]
    public async Task Replay_SameIdAndBody_IsTheStoredReplyAlsoAfterARestart()
    {
        var id = BackendCaller.OperationId(1);
        JsonObject original;
        await using (var first = await BackendProcess.StartAsync("local", _folder.Path))
        {
            using var caller = new BackendCaller(first.Url);
            original = (await caller.AskAsync(BackendCaller.Question("Once.", "main"), id)).Body;
            var repeated = (await caller.AskAsync(BackendCaller.Question("Once.", "main"), id)).Body;
            AssertReplay(original, repeated);
            await first.KillAsync();
        }

        await using var second = await BackendProcess.StartAsync("local", _folder.Path);
        using var again = new BackendCaller(second.Url);
        AssertReplay(original, (await again.AskAsync(BackendCaller.Question("Once.", "main"), id)).Body);
        Assert.Equal(["user", "assistant"], Roles(await again.GetAsync("/conversations/main")));
    }

    [Fact]
    public async Task Replay_SameIdOtherBody_IsRefused()
    {
        await using var backend = await BackendProcess.StartAsync("local", _folder.Path);
        using var caller = new BackendCaller(backend.Url);
        await caller.AskAsync(BackendCaller.Question("One.", "main"), BackendCaller.OperationId(1));

        var (status, problem) = await caller.AskAsync(BackendCaller.Question("Another.", "main"), BackendCaller.OperationId(1));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("idempotency_mismatch", problem.String("code"));
    }

    [Fact]
    public async Task Replay_TwentyAtOnce_IsOneQuestion()
    {
        await using var backend = await BackendProcess.StartAsync("local", _folder.Path);
        using var caller = new BackendCaller(backend.Url);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(_ => caller.AskAsync(BackendCaller.Question("Once.", "main"), BackendCaller.OperationId(1))));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Single(answers.Select(answer => answer.Body.String("reply")).Distinct());
        Assert.Equal(["user", "assistant"], Roles(await caller.GetAsync("/conversations/main")));
    }

    [Fact]
    public async Task Restart_WithADamagedLine_ReportsFileAndLineKeepsItAndServesTheRest()
    {
        await using (var first = await BackendProcess.StartAsync("local", _folder.Path))
        {
            using var caller = new BackendCaller(first.Url);
            await caller.AskAsync(BackendCaller.Question("First.", "one"));
            await caller.AskAsync(BackendCaller.Question("Second.", "two"));
            await first.KillAsync();
        }

        var segment = Directory.GetFiles(_folder.Combine("conversations", "log"), "*.jsonl").Single();
        var lines = await File.ReadAllLinesAsync(segment);
        lines[0] = lines[0].Replace("First.", "Forged", StringComparison.Ordinal);
        await File.WriteAllTextAsync(segment, string.Join('\n', lines) + "\n");

        await using var second = await BackendProcess.StartAsync("local", _folder.Path);
        using var again = new BackendCaller(second.Url);

        Assert.Equal("degraded", (await again.GetAsync("/health")).String("status"));
        Assert.Contains(second.Program.Error.Snapshot(), line =>
            line.Contains(Path.GetFileName(segment), StringComparison.Ordinal) && line.Contains("line 1", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(["user", "assistant"], Roles(await again.GetAsync("/conversations/two")));
        Assert.Contains("Forged", await File.ReadAllTextAsync(segment), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Roles(JsonObject conversation) =>
        conversation["messages"]!.AsArray().Select(message => message!["role"]!.GetValue<string>());

    private static void AssertReplay(JsonObject original, JsonObject repeated)
    {
        Assert.False(original["meta"]!["replayed"]!.GetValue<bool>());
        Assert.True(repeated["meta"]!["replayed"]!.GetValue<bool>());
        Assert.Equal(original.String("reply"), repeated.String("reply"));
        Assert.Equal(original["meta"]!["operation_id"]!.GetValue<string>(), repeated["meta"]!["operation_id"]!.GetValue<string>());
    }

    private static async Task WriteUntilItDiesAsync(Uri url, int writer, Journal<string> acknowledged)
    {
        const int MaxQuestions = 10_000;
        using var caller = new BackendCaller(url);
        for (var number = 0; number < MaxQuestions; number++)
        {
            var message = $"writer {writer} question {number}";
            try
            {
                var (status, _) = await caller.AskAsync(BackendCaller.Question(message, $"load-{writer}"));
                if (status == HttpStatusCode.OK)
                    acknowledged.Add(message);
            }
            catch (HttpRequestException)
            {
                // Killed: what was on its way may or may not have been stored, and nobody was told that it was.
                return;
            }
        }
    }
}
