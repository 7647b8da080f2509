using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.EndToEnd.Tests.Backend;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Signals;

/// <summary>How the real backend stops, and what its own files hold after it was killed.</summary>
public sealed class StopTests : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Stop_AskIsRunning_FinishesItTurnsOthersAwayAndEndsWellBehaved()
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var model = ChaosProxy.Start(Chaos.RespondWhen(released.Task, Completion()));
        await using var backend = await StartAsync(model.Url);
        using var caller = new BackendCaller(backend.Url);
        var running = caller.AskAsync(BackendCaller.Question("Long?", "main"));
        await model.RequestAsync(1);

        var stopping = backend.StopAsync();
        await UntilAsync(async () => (await caller.SendAsync(HttpMethod.Get, "/health/ready")).Status == HttpStatusCode.ServiceUnavailable);
        var refused = await caller.AskAsync(BackendCaller.Question("Another?", "main"));
        released.SetResult();
        var answered = await running;

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "shutting_down"), (refused.Status, refused.Body.String("code")));
        Assert.Equal((HttpStatusCode.OK, "At last."), (answered.Status, answered.Body.String("reply")));
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task Stop_SecondSignal_EndsAtOnce()
    {
        await using var model = ChaosProxy.Start(Chaos.StallBeforeHeaders);
        await using var backend = await StartAsync(model.Url);
        using var caller = new BackendCaller(backend.Url);
        var running = caller.AskAsync(BackendCaller.Question("Long?", "main"));
        await model.RequestAsync(1);

        var first = backend.StopAsync();
        await backend.Program.Error.FirstAsync(line => line.Contains("1 running ones have", StringComparison.Ordinal));
        var second = backend.StopAsync();

        // Had it drained, the ask would have been told so, and the exit code would be 0.
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => running);
        Assert.NotEqual(0, await first);
        Assert.NotEqual(0, await second);
    }

    [Fact]
    public async Task Kill_WhileItWrites_LeavesWholeLinesAndASoundChain()
    {
        const int EnoughAnswers = 20;
        var answers = new Journal<int>();
        await using (var first = await BackendProcess.StartAsync("local", _folder.Path))
        {
            var asking = Enumerable.Range(0, 4).Select(number => AskUntilItDiesAsync(first.Url, number, answers)).ToList();
            await answers.ItemAsync(EnoughAnswers);
            await first.KillAsync();
            await Task.WhenAll(asking);
        }

        await File.AppendAllTextAsync(_folder.Combine("state", "maestra_metrics.jsonl"), "{\"torn\":");
        await File.AppendAllTextAsync(_folder.Combine("state", "audit.log"), "{\"torn\":");
        await using (var second = await BackendProcess.StartAsync("local", _folder.Path))
        {
            using var caller = new BackendCaller(second.Url);
            await caller.AskAsync(BackendCaller.Question("Keep.", "kept"));
            await caller.AskAsync(BackendCaller.Question("Forget.", "erased"));
            Assert.Equal(HttpStatusCode.OK, (await caller.SendAsync(HttpMethod.Delete, "/conversations/erased")).Status);
            var lines = MetricsLines().Select(line => line.String("conversation_id")).ToList();
            Assert.Contains("kept", lines);
            Assert.DoesNotContain("erased", lines);
            Assert.Equal(0, await second.StopAsync());
        }

        Assert.All(MetricsLines(), line => Assert.Equal(11, line.Count));
        var sound = await VerifyAsync();
        Assert.Equal((0, "4 records in 2 chains are sound"), (sound.ExitCode, sound.Output[0][..31]));
        await ChangeOneByteAsync(_folder.Combine("state", "audit.log"));
        var broken = await VerifyAsync();
        Assert.Equal(4, broken.ExitCode);
        Assert.Contains("audit.log line 2: its content does not have its hash", broken.Error[0], StringComparison.Ordinal);
    }

    private static async Task ChangeOneByteAsync(string path)
    {
        var lines = await File.ReadAllLinesAsync(path);
        lines[1] = lines[1].Replace("\"ok\"", "\"no\"", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(path, lines);
    }

    private static async Task AskUntilItDiesAsync(Uri url, int number, Journal<int> answers)
    {
        using var caller = new BackendCaller(url);
        try
        {
            while (true)
            {
                await caller.AskAsync(BackendCaller.Question("More.", $"load-{number}"));
                answers.Add(number);
            }
        }
        catch (HttpRequestException)
        {
            // It was killed: that is the end of this caller.
        }
    }

    private static CannedResponse Completion() => CannedResponse.Json(200, new JsonObject
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion",
        ["created"] = 1767605400,
        ["model"] = "stub-model",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = "At last." },
            ["finish_reason"] = "stop",
        }),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 1, ["completion_tokens"] = 1, ["total_tokens"] = 2 },
    });

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        while (!await isSo())
            await Task.Delay(Poll, patience.Token);
    }

    private List<JsonObject> MetricsLines() =>
        [.. File.ReadAllLines(_folder.Combine("state", "maestra_metrics.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject())];

    private Task<ProgramResult> VerifyAsync() => RunningProgram.RunAsync(
        new ProgramStart(BuiltPrograms.Backend, _folder.Path, "audit", "verify").With("MAESTRA_STATE_ROOT", _folder.Combine("state")));

    private Task<BackendProcess> StartAsync(Uri model) => BackendProcess.StartAsync("local", _folder.Path, settings: [
        ("LLM_PROVIDER", "compatible"),
        ("LLM_BASE_URL", new Uri(model, "/v1").ToString()),
        ("LLM_MODEL", "asked-model"),
        ("OPENAI_API_KEY", "sk-only-for-the-model-0123456789"),
    ]);
}
