using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.EndToEnd.Tests.Backend;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.WireMock;

namespace ConversationHub.EndToEnd.Tests.Contract;

/// <summary>The HTTP that the real backend, in either mode, speaks to an OpenAI-compatible endpoint, and what becomes of its replies.</summary>
public sealed class ModelContractTests(WireMockServer model) : IClassFixture<WireMockServer>, IAsyncLifetime
{
    private const string Completions = "/v1/chat/completions";
    private const string BackendKey = "mk_0123456789abcdefghijkl";
    private const string ModelKey = "sk-only-for-the-model-0123456789";

    private readonly TemporaryFolder _folder = new();

    public Task InitializeAsync()
    {
        model.Reset();
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public Task Ask_LocalWithAModel_SendsQuestionHistoryAndKey() => AskTwiceAsync("local");

    [Fact]
    public Task Ask_CloudWithAModel_SendsQuestionHistoryAndKey() => AskTwiceAsync("cloud");

    [Fact]
    public async Task Ask_ModelFails_IsPlainAndTheSameKeyMayTryAgain()
    {
        await using var backend = await StartAsync("local");
        using var caller = new BackendCaller(backend.Url);
        model.Stub("POST", Completions, 500, new JsonObject { ["error"] = new JsonObject { ["message"] = "secret words of the provider" } });
        var failed = await caller.AskAsync(BackendCaller.Question("Why?", "main"), BackendCaller.OperationId(1));
        model.Reset();
        model.Stub("POST", Completions, 200, Completion("Because."));

        var answered = await caller.AskAsync(BackendCaller.Question("Why?", "main"), BackendCaller.OperationId(1));

        Assert.Equal((HttpStatusCode.BadGateway, "provider_failed"), (failed.Status, failed.Body.String("code")));
        Assert.DoesNotContain("secret words", failed.Body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "Because."), (answered.Status, answered.Body.String("reply")));
        Assert.Equal(["Why?", "Because."], Contents(await caller.GetAsync("/conversations/main")));
    }

    [Fact]
    public async Task Ask_ModelIsBusy_SaysWhenToComeBack()
    {
        await using var backend = await StartAsync("local");
        using var caller = new BackendCaller(backend.Url);
        model.Stub("POST", Completions, 429, new JsonObject(), ("Retry-After", "7"));

        var busy = await caller.AskAsync(BackendCaller.Question("Why?", "main"));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "provider_busy"), (busy.Status, busy.Body.String("code")));
        Assert.Single(model.Requests);
    }

    [Fact]
    public async Task Ask_ModelRedirects_TakesQuestionAndKeyNowhere()
    {
        await using var backend = await StartAsync("local");
        using var caller = new BackendCaller(backend.Url);
        model.StubText("POST", Completions, 307, "", "text/plain", ("Location", new Uri(model.Url, "/thief").ToString()));

        var failed = await caller.AskAsync(BackendCaller.Question("Why?", "main"));

        Assert.Equal((HttpStatusCode.BadGateway, "provider_failed"), (failed.Status, failed.Body.String("code")));
        Assert.Equal([Completions], model.Requests.Select(request => request.Url));
    }

    [Fact]
    public async Task Ask_ModelBreaksTheConnection_IsAPlainFailure()
    {
        await using var backend = await StartAsync("local");
        using var caller = new BackendCaller(backend.Url);
        foreach (var fault in Enum.GetValues<WireMockFault>())
        {
            model.Reset();
            model.StubFault("POST", Completions, fault);

            var failed = await caller.AskAsync(BackendCaller.Question("Why?", "main"));

            Assert.Equal((HttpStatusCode.BadGateway, "provider_failed"), (failed.Status, failed.Body.String("code")));
        }

        Assert.False(backend.Program.HasExited);
        Assert.DoesNotContain(ModelKey, backend.Program.ErrorText, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Contents(JsonObject conversation) =>
        conversation["messages"]!.AsArray().Select(message => message!["content"]!.GetValue<string>());

    private static JsonObject Completion(string text) => new()
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion",
        ["created"] = 1767605400,
        ["model"] = "stub-model",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
            ["finish_reason"] = "stop",
        }),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 11, ["completion_tokens"] = 4, ["total_tokens"] = 15 },
    };

    private async Task AskTwiceAsync(string mode)
    {
        await using var backend = await StartAsync(mode);
        using var caller = new BackendCaller(backend.Url, BackendKey);
        model.Stub("POST", Completions, 200, Completion("Two rules were merged."));

        var first = (await caller.AskAsync(BackendCaller.Question("What changed in the parser?", "main"))).Body;
        await caller.AskAsync(BackendCaller.Question("Und warum? 😀", "main"));

        Assert.Equal("Two rules were merged.", first.String("reply"));
        Assert.Equal(("compatible", "stub-model", 15), (
            first["meta"]!["provider"]!.GetValue<string>(), first["meta"]!["model"]!.GetValue<string>(), first["meta"]!["tokens"]!.GetValue<int>()));
        var requests = model.Requests;
        Assert.Equal(2, requests.Count);
        Assert.All(requests, request =>
        {
            Assert.Equal(("POST", Completions), (request.Method, request.Url));
            Assert.Equal($"Bearer {ModelKey}", request.Headers["Authorization"]);
            Assert.StartsWith("application/json", request.Headers["Content-Type"], StringComparison.Ordinal);
            Assert.Equal("asked-model", request.Json.String("model"));
            Assert.DoesNotContain(request.Headers, header => header.Value.Contains(BackendKey, StringComparison.Ordinal));
        });
        var messages = requests[1].Json["messages"]!.AsArray()
            .Select(message => (Role: message!["role"]!.GetValue<string>(), Content: message["content"]!.ToString()))
            .Where(message => message.Role is "user" or "assistant")
            .ToList();
        Assert.Equal(["user", "assistant", "user"], messages.Select(message => message.Role));
        Assert.Contains("What changed in the parser?", messages[0].Content, StringComparison.Ordinal);
        Assert.Contains("Two rules were merged.", messages[1].Content, StringComparison.Ordinal);
        Assert.Contains("Und warum? 😀", messages[2].Content, StringComparison.Ordinal);
    }

    private Task<BackendProcess> StartAsync(string mode) => BackendProcess.StartAsync(mode, _folder.Path, settings: [
        ("MAESTRA_API_KEY", BackendKey),
        ("LLM_PROVIDER", "compatible"),
        ("LLM_BASE_URL", new Uri(model.Url, "/v1").ToString()),
        ("LLM_MODEL", "asked-model"),
        ("OPENAI_API_KEY", ModelKey),
    ]);
}
