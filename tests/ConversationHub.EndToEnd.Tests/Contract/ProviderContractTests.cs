using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.EndToEnd.Tests.Backend;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.WireMock;

namespace ConversationHub.EndToEnd.Tests.Contract;

/// <summary>Every provider that the real backend speaks to, sound and faulty: what it is sent, and that the caller gets an answer or a plain error.</summary>
public sealed class ProviderContractTests(WireMockServer model) : IClassFixture<WireMockServer>, IAsyncLifetime
{
    private const string Key = "sk-only-for-this-provider-0123456789";
    private const string Words = "secret words of the provider";

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
    public Task OpenAi_SoundAndFaulty_AnswersOrFailsPlainly() => ProveAsync("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL", isMessages: false);

    [Fact]
    public Task OpenRouter_SoundAndFaulty_AnswersOrFailsPlainly() => ProveAsync("openrouter", "OPENROUTER_API_KEY", "OPENROUTER_BASE_URL", isMessages: false);

    [Fact]
    public Task Gemini_SoundAndFaulty_AnswersOrFailsPlainly() => ProveAsync("gemini", "GEMINI_API_KEY", "GEMINI_BASE_URL", isMessages: false);

    [Fact]
    public Task Compatible_SoundAndFaulty_AnswersOrFailsPlainly() => ProveAsync("compatible", "LLM_API_KEY", "LLM_BASE_URL", isMessages: false);

    [Fact]
    public Task Anthropic_SoundAndFaulty_AnswersOrFailsPlainly() => ProveAsync("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", isMessages: true);

    private async Task ProveAsync(string provider, string keyName, string urlName, bool isMessages)
    {
        var path = isMessages ? "/v1/messages" : "/v1/chat/completions";
        await using var backend = await BackendProcess.StartAsync("local", _folder.Path, settings: [
            ("LLM_PROVIDER", provider), (keyName, Key), (urlName, new Uri(model.Url, "/v1").ToString()), ("LLM_MODEL", "asked-model")]);
        using var caller = new BackendCaller(backend.Url);

        model.Stub("POST", path, 200, Whole("In one piece.", isMessages));
        AssertAnswered(await caller.AskAsync(BackendCaller.Question("Why?")), provider, "In one piece.");
        AssertSent(Assert.Single(model.Requests), isMessages);

        // A caller who streams: from a stream, from one that is told in one piece, and from one that drips.
        Assert.Contains("In one piece.", await StreamAsync(backend.Url), StringComparison.Ordinal);
        RestubText(path, 200, Streamed("In two ", "pieces.", isMessages), "text/event-stream");
        Assert.Contains("In two pieces.", await StreamAsync(backend.Url), StringComparison.Ordinal);
        model.Reset();
        model.StubDripping("POST", path, Whole("By drops.", isMessages), parts: 10, TimeSpan.FromMilliseconds(200));
        AssertAnswered(await caller.AskAsync(BackendCaller.Question("Why?")), provider, "By drops.");

        // Its faults, each a plain failure.
        foreach (var status in (int[])[400, 401, 404, 500, 502])
        {
            RestubText(path, status, Words, "text/plain");
            await AssertFailsAsync(caller, HttpStatusCode.BadGateway, "provider_failed", $"status {status}");
        }

        foreach (var body in (string[])["", "{ torn", "[]", "null", """{"choices":[],"content":[]}"""])
        {
            RestubText(path, 200, body, "application/json");
            await AssertFailsAsync(caller, HttpStatusCode.BadGateway, "provider_failed", body);
        }

        foreach (var fault in Enum.GetValues<WireMockFault>())
        {
            model.Reset();
            model.StubFault("POST", path, fault);
            await AssertFailsAsync(caller, HttpStatusCode.BadGateway, "provider_failed", fault.ToString());
        }

        RestubText(path, 200, Whole(new string('x', 9 << 20), isMessages).ToJsonString(), "application/json");
        await AssertFailsAsync(caller, HttpStatusCode.BadGateway, "provider_failed", "a huge body");
        var streamed = Streamed("Cut ", "off.", isMessages);
        RestubText(path, 200, streamed[..streamed.IndexOf("off.", StringComparison.Ordinal)], "text/event-stream");
        var cut = await StreamAsync(backend.Url);
        Assert.Contains("event: error", cut, StringComparison.Ordinal);
        Assert.Contains("provider_failed", cut, StringComparison.Ordinal);

        // Slower than the caller waits.
        model.Reset();
        model.StubDripping("POST", path, Whole("Too late.", isMessages), parts: 20, TimeSpan.FromMinutes(5));
        Assert.Equal(HttpStatusCode.GatewayTimeout, await AskWithDeadlineAsync(backend.Url, milliseconds: 1000));

        // Last, since a provider that asks for patience is left in peace.
        RestubText(path, 429, Words, "text/plain", ("Retry-After", "7"));
        await AssertFailsAsync(caller, HttpStatusCode.ServiceUnavailable, "provider_busy", "429");
        Assert.False(backend.Program.HasExited);
        Assert.DoesNotContain(Key, backend.Program.ErrorText, StringComparison.Ordinal);
        Assert.DoesNotContain(Words, backend.Program.ErrorText, StringComparison.Ordinal);
    }

    private static void AssertAnswered((HttpStatusCode Status, JsonObject Body) reply, string provider, string text)
    {
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Body.ToJsonString());
        Assert.Equal((text, provider, "stub-model", 15), (
            reply.Body.String("reply"), reply.Body["meta"]!["provider"]!.GetValue<string>(), reply.Body["meta"]!["model"]!.GetValue<string>(),
            reply.Body["meta"]!["tokens"]!.GetValue<int>()));
    }

    private static void AssertSent(WireMockRequest request, bool isMessages)
    {
        Assert.Equal("asked-model", request.Json.String("model"));
        Assert.StartsWith("application/json", request.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Equal(isMessages ? Key : $"Bearer {Key}", request.Headers[isMessages ? "x-api-key" : "Authorization"]);
        Assert.Equal("Why?", request.Json["messages"]!.AsArray()[^1]!["content"]!.ToString());
    }

    private async Task AssertFailsAsync(BackendCaller caller, HttpStatusCode status, string code, string fault)
    {
        var failed = await caller.AskAsync(BackendCaller.Question("Why?"));
        Assert.True((failed.Status, failed.Body.String("code")) == (status, code), $"{fault} gave {failed.Body.ToJsonString()}");
        Assert.DoesNotContain(Words, failed.Body.ToJsonString(), StringComparison.Ordinal);

        // One call, never repeated.
        Assert.Single(model.Requests);
    }

    private void RestubText(string path, int status, string body, string mediaType, params (string Name, string Value)[] headers)
    {
        model.Reset();
        model.StubText("POST", path, status, body, mediaType, headers);
    }

    private static async Task<string> StreamAsync(Uri url)
    {
        using var client = new HttpClient { Timeout = TestTimeouts.Signal };
        using var request = Ask(url);
        request.Headers.Add("Accept", "text/event-stream");
        using var response = await client.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task<HttpStatusCode> AskWithDeadlineAsync(Uri url, int milliseconds)
    {
        using var client = new HttpClient { Timeout = TestTimeouts.Signal };
        using var request = Ask(url);
        request.Headers.Add("X-Deadline-Ms", milliseconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }

    private static HttpRequestMessage Ask(Uri url) => new(HttpMethod.Post, new Uri(url, "/api/maestra/core"))
    {
        Content = new StringContent(BackendCaller.Question("Why?").ToJsonString(), Encoding.UTF8, "application/json"),
    };

    private static JsonObject Whole(string text, bool isMessages) => isMessages
        ? new JsonObject
        {
            ["id"] = "msg_1",
            ["type"] = "message",
            ["role"] = "assistant",
            ["model"] = "stub-model",
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
            ["stop_reason"] = "end_turn",
            ["usage"] = new JsonObject { ["input_tokens"] = 11, ["output_tokens"] = 4 },
        }
        : new JsonObject
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

    private static string Streamed(string first, string second, bool isMessages)
    {
        string[] data = isMessages
            ?
            [
                """{"type":"message_start","message":{"model":"stub-model","content":[],"usage":{"input_tokens":11,"output_tokens":1}}}""",
                $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{first}}}"}}""",
                $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{second}}}"}}""",
                """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}}""",
                """{"type":"message_stop"}""",
            ]
            :
            [
                $$$"""{"id":"c","object":"chat.completion.chunk","created":1,"model":"stub-model","choices":[{"index":0,"delta":{"role":"assistant","content":"{{{first}}}"}}]}""",
                $$$"""{"id":"c","object":"chat.completion.chunk","created":1,"model":"stub-model","choices":[{"index":0,"delta":{"content":"{{{second}}}"}}]}""",
                """{"id":"c","object":"chat.completion.chunk","created":1,"model":"stub-model","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15}}""",
                "[DONE]",
            ];
        return string.Concat(data.Select(one => $"data: {one}\n\n"));
    }
}
