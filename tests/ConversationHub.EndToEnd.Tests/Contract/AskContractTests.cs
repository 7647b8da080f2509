using System.Globalization;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.WireMock;

namespace ConversationHub.EndToEnd.Tests.Contract;

/// <summary>
/// The HTTP that the real hub speaks, as an HTTP server nobody here wrote takes it down: paths, headers and bodies of
/// both asking tools at both backends, and what becomes of replies that a backend should not give.
/// </summary>
public sealed class AskContractTests(TwoWireMocks backends) : IClassFixture<TwoWireMocks>, IAsyncLifetime
{
    private const string Key = "mk_only-for-the-cloud-0123456789";
    private const string Core = "/api/maestra/core";
    private const string Legacy = "/api/maestra/advisor/ask";
    private const string Conversation = "conv_2026-01-05_ada_406e64f1";

    private static readonly string[] LocalHeaders =
        ["Content-Length", "Content-Type", "Host", "Idempotency-Key", "X-Deadline-Ms", "X-Request-ID"];

    private readonly HubHome _home = new();

    // Both servers are there for all tests of the class: each starts from nothing.
    public Task InitializeAsync()
    {
        backends.Reset();
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _home.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Ask_AtLocal_SendsExactlyTheDocumentedRequest()
    {
        backends.Local.Stub("POST", Core, 200, MaestraReplies.Envelope("fine", Conversation));

        var answer = await CallAsync("maestra_ask", FullQuestion());

        var request = Assert.Single(Asks(backends.Local));
        Assert.Equal(("POST", Core), (request.Method, request.Url));
        AssertHeaders(request, answer, LocalHeaders);
        AssertJson(
            """
            {"user_id":"ada","surface_id":"test-client","message":"Zwei Regeln – was änderte sich? 😀",
             "conversation_id":"conv_2026-01-05_ada_406e64f1","mode_hint":"tutorial",
             "surface_context":{"file_path":"src/Parser.cs","workspace":"parser","screen_context":null,"page_url":null,"selection":"x => x"}}
            """,
            request.Json);
        Assert.Empty(Asks(backends.Cloud));
    }

    [Fact]
    public async Task Ask_AtCloud_SendsTheSameRequestAndTheKey()
    {
        backends.Local.Stub("POST", Core, 503, Problem("overloaded", "Too busy"), ("Retry-After", "1"));
        backends.Cloud.Stub("POST", Core, 200, MaestraReplies.Envelope("fine", Conversation, "cloud"));

        var answer = await CallAsync("maestra_ask", FullQuestion());

        var atLocal = Assert.Single(Asks(backends.Local));
        var atCloud = Assert.Single(Asks(backends.Cloud));
        AssertHeaders(atCloud, answer, [.. LocalHeaders, "X-API-Key"]);
        Assert.Equal(Key, atCloud.Headers["X-API-Key"]);
        Assert.Equal(atLocal.Body, atCloud.Body);
        Assert.Equal(atLocal.Headers["Idempotency-Key"], atCloud.Headers["Idempotency-Key"]);
        Assert.Equal(atLocal.Headers["X-Request-ID"], atCloud.Headers["X-Request-ID"]);
        Assert.Equal([("local", "http_status", false), ("cloud", "answered", false)], answer.Attempts());
        Assert.Equal("overloaded", answer["attempts"]![0]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task LegacyAsk_AtLocal_SendsExactlyTheDocumentedRequest()
    {
        backends.Local.Stub("POST", Legacy, 200, LegacyReply());

        var answer = await CallAsync("maestra_legacy_ask", LegacyQuestion());

        var request = Assert.Single(Asks(backends.Local));
        Assert.Equal(("POST", Legacy), (request.Method, request.Url));
        AssertHeaders(request, answer, LocalHeaders);
        Assert.Equal("What changed in the parser?", request.Json.String("question") ?? request.Json.String("message"));
        Assert.Equal("parser-notes", request.Json.String("session_id"));
        Assert.Equal("ada", request.Json.String("user_id"));
        Assert.Equal("deep", request.Json.String("mode"));
        Assert.Equal("[\"C#\"]", request.Json["context_hints"]!.ToJsonString());
        Assert.Equal("Two rules were merged.", answer.String("answer"));
        Assert.Equal("parser-notes", answer.String("session_id"));
        Assert.Equal("parser-notes", answer.String("trace_id"));
    }

    [Fact]
    public async Task LegacyAsk_AtCloud_SendsTheSameRequestAndTheKey()
    {
        backends.Local.StubFault("POST", Legacy, WireMockFault.ConnectionReset);
        backends.Cloud.Stub("POST", Legacy, 200, LegacyReply());

        var answer = await CallAsync("maestra_legacy_ask", LegacyQuestion());

        var atLocal = Assert.Single(Asks(backends.Local));
        var atCloud = Assert.Single(Asks(backends.Cloud));
        AssertHeaders(atCloud, answer, [.. LocalHeaders, "X-API-Key"]);
        Assert.Equal(atLocal.Body, atCloud.Body);
        Assert.Equal(atLocal.Headers["Idempotency-Key"], atCloud.Headers["Idempotency-Key"]);
        Assert.Equal("cloud", answer.String("served_by"));
        Assert.True(answer.Bool("may_have_run"));
    }

    [Fact]
    public async Task Ask_RefusalsOfLocal_AreFinalInItsOwnWords()
    {
        foreach (var (status, code, detail) in Refusals)
        {
            backends.Reset();
            backends.Local.Stub("POST", Core, status, Problem(code, detail), ("Retry-After", "7"));

            var result = await CallRawAsync("maestra_ask", FullQuestion());

            Assert.True(result.IsError(), $"{status} {code}");
            Assert.Equal(code, result.Structured()["error"]!["code"]!.GetValue<string>());
            Assert.Contains(detail, result.Text(), StringComparison.Ordinal);
            Assert.Equal([("local", "http_status", false)], result.Structured().Attempts());
            Assert.Empty(Asks(backends.Cloud));
        }
    }

    [Fact]
    public async Task Ask_RateLimited_SaysHowLongToWait()
    {
        backends.Local.Stub("POST", Core, 429, Problem("rate_limited", "Rate limit exceeded"), ("Retry-After", "7"));

        var result = await CallRawAsync("maestra_ask", FullQuestion());

        Assert.Equal(7, result.Structured()["error"]!["retry_after_seconds"]!.GetValue<int>());
        Assert.Contains("7 s", result.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_OddRepliesOfLocal_GoOnToTheCloudWithTheirName()
    {
        foreach (var odd in OddReplies)
        {
            backends.Reset();
            backends.Cloud.Stub("POST", Core, 200, MaestraReplies.Envelope("fine", Conversation, "cloud"));
            odd.Stub(backends.Local);

            var answer = await CallAsync("maestra_ask", FullQuestion());

            Assert.Equal([("local", odd.Outcome, odd.MayHaveRun), ("cloud", "answered", false)], answer.Attempts());
            Assert.Equal(odd.MayHaveRun, answer.Bool("may_have_run"));
            Assert.Single(Asks(backends.Local));
        }
    }

    [Fact]
    public async Task Ask_Redirected_IsNotFollowed()
    {
        backends.Cloud.Stub("POST", Core, 200, MaestraReplies.Envelope("fine", Conversation, "cloud"));
        backends.Local.StubText("POST", Core, 307, "", "text/plain", ("Location", new Uri(backends.Local.Url, "/elsewhere").ToString()));

        var answer = await CallAsync("maestra_ask", FullQuestion());

        Assert.Equal([("local", "http_status", false), ("cloud", "answered", false)], answer.Attempts());
        Assert.Equal([Core], Asks(backends.Local).Select(request => request.Url));
    }

    [Fact]
    public async Task Ask_RedirectedByTheCloud_TakesTheKeyNowhere()
    {
        backends.Cloud.StubText("POST", Core, 308, "", "text/plain", ("Location", new Uri(backends.Local.Url, "/thief").ToString()));

        var result = await CallRawAsync("maestra_ask", FullQuestion("cloud-only"));

        Assert.True(result.IsError());
        Assert.DoesNotContain(backends.Local.Requests, request => request.Url == "/thief");
        Assert.DoesNotContain(Key, result.ToJsonString(), StringComparison.Ordinal);
    }

    private static (int Status, string Code, string Detail)[] Refusals =>
    [
        (400, "invalid_header", "Idempotency-Key is malformed"),
        (401, "invalid_api_key", "Invalid API key"),
        (403, "user_mismatch", "The key belongs to bob"),
        (404, "conversation_not_found", "Conversation not found"),
        (409, "conversation_full", "The conversation holds 100,000 messages"),
        (410, "conversation_erased", "Conversation was erased; use a new conversation_id"),
        (413, "body_too_large", "The body is larger than 1048576 bytes"),
        (422, "idempotency_mismatch", "The message differs"),
        (429, "cost_limit_exceeded", "The daily limit resets at midnight"),
    ];

    private static (Action<WireMockServer> Stub, string Outcome, bool MayHaveRun)[] OddReplies =>
    [
        (Reply(200, "<html>It works!</html>", "text/html"), "impostor", false),
        (Reply(200, """{"hello":"world"}""", "application/json"), "impostor", false),
        (Reply(200, """{"reply":"Provider down","mode":"error","conversation_id":"c","source":"local"}""", "application/json"), "error_mode", true),
        (Reply(404, "<h1>Not here</h1>", "text/html"), "impostor", false),
        (Reply(405, "", "text/plain"), "impostor", false),
        (Reply(408, "", "text/plain"), "http_status", true),
        (Reply(500, """{"detail":"Internal server error","code":"internal_error"}""", "application/json"), "http_status", true),
        (Reply(502, "Bad Gateway", "text/plain"), "http_status", true),
        (Reply(504, "<h1>504 Gateway Time-out</h1>", "text/html"), "http_status", true),
        (Reply(504, """{"detail":"Time spent","code":"deadline_exceeded"}""", "application/json"), "http_status", false),
        (Reply(200, """{"reply":"cut of""", "application/json"), "malformed", true),
        (local => local.StubFault("POST", Core, WireMockFault.ConnectionReset), "reset", true),
    ];

    private static Action<WireMockServer> Reply(int status, string body, string mediaType) =>
        server => server.StubText("POST", Core, status, body, mediaType);

    private static JsonObject Problem(string code, string detail) =>
        new() { ["detail"] = detail, ["code"] = code, ["request_id"] = "7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11" };

    private static JsonObject FullQuestion(string? route = null)
    {
        var question = new JsonObject
        {
            ["message"] = "Zwei Regeln – was änderte sich? 😀",
            ["conversation_id"] = Conversation,
            ["user_id"] = "ada",
            ["mode_hint"] = "tutorial",
            ["surface_context"] = new JsonObject { ["file_path"] = "src/Parser.cs", ["workspace"] = "parser", ["selection"] = "x => x" },
        };
        if (route is not null)
            question["route"] = route;
        return question;
    }

    private static JsonObject LegacyQuestion() => new()
    {
        ["question"] = "What changed in the parser?",
        ["session_id"] = "parser-notes",
        ["user_id"] = "ada",
        ["mode"] = "deep",
        ["context_hints"] = new JsonArray("C#"),
    };

    // The example of wire.md §3.
    private static JsonObject LegacyReply() => JsonNode.Parse(
        """
        {"answer":"Two rules were merged.","session_id":"parser-notes","job_id":null,"sources":[],"trace_id":"parser-notes","mode":"deep","processing_time_ms":812,"schema_version":"1","conversation_id":"parser-notes","turns":null,"agent":{"id":"maestra","display_name":"Maestra"},"system_mode":"minimal","authority":"none","mcp_metadata":null,"meta":{"latency_ms":812,"model":"recall","tokens":0,"cost_usd":0.0,"request_id":"r-1","operation_id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293","provider":"offline","replayed":false}}
        """)!.AsObject();

    private static void AssertHeaders(WireMockRequest request, JsonObject answer, string[] expected)
    {
        Assert.Equal(expected.Order(StringComparer.OrdinalIgnoreCase), request.Headers.Keys.Order(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);
        Assert.Equal("application/json", request.Headers["Content-Type"]);
        Assert.Equal(answer.String("operation_id"), request.Headers["Idempotency-Key"]);
        Assert.Equal(answer.String("request_id"), request.Headers["X-Request-ID"]);
        Assert.InRange(Deadline(request), 1, 50_000);
    }

    private static int Deadline(WireMockRequest request) => int.Parse(request.Headers["X-Deadline-Ms"], CultureInfo.InvariantCulture);

    // An absent field and null are the same on the wire.
    private static void AssertJson(string expected, JsonObject actual)
    {
        var wanted = WithoutNulls(JsonNode.Parse(expected)!.AsObject());
        Assert.True(JsonNode.DeepEquals(wanted, WithoutNulls(actual)), $"expected {wanted.ToJsonString()}\nbut was  {actual.ToJsonString()}");
    }

    private static JsonObject WithoutNulls(JsonObject from)
    {
        var kept = new JsonObject();
        foreach (var (name, value) in from)
        {
            if (value is not null)
                kept[name] = value is JsonObject inner ? WithoutNulls(inner) : value.DeepClone();
        }

        return kept;
    }

    private static IReadOnlyList<WireMockRequest> Asks(WireMockServer server) =>
        [.. server.Requests.Where(request => request.Method == "POST")];

    private async Task<JsonObject> CallAsync(string tool, JsonObject arguments)
    {
        var result = await CallRawAsync(tool, arguments);
        Assert.False(result.IsError(), result.ToJsonString());
        return result.Structured();
    }

    private async Task<JsonObject> CallRawAsync(string tool, JsonObject arguments)
    {
        await using var hub = await StdioMcpClient.StartAsync(_home.Serve(
            ("MAESTRA_LOCAL_URL", backends.Local.Url.ToString()),
            ("MAESTRA_CLOUD_URL", backends.Cloud.Url.ToString()),
            ("MAESTRA_API_KEY", Key)));
        return await hub.CallToolAsync(tool, arguments);
    }
}
