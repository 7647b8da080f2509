using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Prompts;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Mcp.Tools;
using ConversationHub.McpHttp;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Mcp.Tests.Http;

/// <summary>MCP over HTTP on a real socket: both eras, and everybody who is not let in (issue 5, item 5).</summary>
public sealed class StreamableHttpTests : IAsyncLifetime
{
    private const string Token = "a-token-of-enough-characters";
    private const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""";

    private readonly FakeRouter _router = new();
    private readonly HttpClient _client = new();
    private readonly ManualTimeProvider _time = new();
    private WebApplication _app = null!;
    private string _address = "";

    public async Task InitializeAsync()
    {
        var settings = HubRig.DefaultSettings;
        var asker = new QuestionAsker(_router, new KeptConversations(settings, _time, NullLogger<KeptConversations>.Instance), new QuestionGate(_time), new IdSource(_time), _time, settings);
        var tools = new ToolDispatch(
            [new AskTool(asker), new HealthTool(new FakeHealthReader()), new LegacyAskTool(asker)], NullLogger<ToolDispatch>.Instance);
        var source = new ConversationSource(new FakeConversationReader(), settings);
        var resources = new ConversationResources(source, NullLogger<ConversationResources>.Instance);
        var features = new HubFeatures(tools, resources, new ConversationPrompts(source, resources), new ConversationCompletion(source));
        _app = McpWebServer.Build(new HttpSettings(0, Token), builder => builder.Services.AddSingleton<TimeProvider>(_time), _ => () => HubServerOptions.Create(features));
        await _app.StartAsync();
        _address = McpWebServer.AddressOf(_app);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task Post_HandshakeThenCall_IsAnsweredInItsSession()
    {
        using var opened = await SendAsync(Initialize);
        var session = Assert.Single(opened.Headers.GetValues("Mcp-Session-Id"));
        Assert.Equal("2025-11-25", (await AnswerAsync(opened))["result"]!["protocolVersion"]!.GetValue<string>());

        using var noted = await SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", ("Mcp-Session-Id", session));
        Assert.Equal(HttpStatusCode.Accepted, noted.StatusCode);

        using var called = await SendAsync(
            """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"maestra_ask","arguments":{"message":"hello"}}}""", ("Mcp-Session-Id", session));
        Assert.Equal("local", (await AnswerAsync(called))["result"]!["structuredContent"]!["served_by"]!.GetValue<string>());

        using var ended = await SendAsync(null, HttpMethod.Delete, ("Mcp-Session-Id", session));
        using var after = await SendAsync("""{"jsonrpc":"2.0","id":3,"method":"tools/list"}""", ("Mcp-Session-Id", session));
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (ended.StatusCode, after.StatusCode));
    }

    [Fact]
    public async Task Post_RevisionWithoutSessions_IsAnsweredAlone()
    {
        using var discovered = await SendAsync(Stateless(1, "server/discover"), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "server/discover"));
        using var called = await SendAsync(
            Stateless(2, "tools/call", """ "name":"maestra_ask","arguments":{"message":"hello"}, """),
            ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "maestra_ask"));

        Assert.Contains("2026-07-28", (await AnswerAsync(discovered))["result"]!["supportedVersions"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("local", (await AnswerAsync(called))["result"]!["structuredContent"]!["served_by"]!.GetValue<string>());
        Assert.False(called.Headers.Contains("Mcp-Session-Id"));
    }

    [Fact]
    public async Task Post_HeaderSaysSomethingElse_IsRefused()
    {
        using var response = await SendAsync(
            Stateless(2, "tools/call", """ "name":"maestra_ask","arguments":{"message":"hello"}, """),
            ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "maestra_health"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(-32020, (await AnswerAsync(response))["error"]!["code"]!.GetValue<int>());
        Assert.Empty(_router.Asked.Snapshot());
    }

    [Fact]
    public async Task Post_UnknownMethodWithoutSession_HasItsStatus()
    {
        using var response = await SendAsync(Stateless(1, "no/such"), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "no/such"));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(-32601, (await AnswerAsync(response))["error"]!["code"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("{", 400, -32700)]
    [InlineData("[]", 400, -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/list"}""", 400, -32600)]
    public async Task Post_NoMessageOrNoSession_IsToldWhy(string body, int status, int code)
    {
        using var response = await SendAsync(body);

        Assert.Equal((status, code), ((int)response.StatusCode, (await AnswerAsync(response))["error"]!["code"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData("Host", "evil.example", 403)]
    [InlineData("Origin", "https://evil.example", 403)]
    [InlineData("Authorization", "Bearer another-token-of-enough-characters", 401)]
    [InlineData("Authorization", "", 401)]
    [InlineData("Accept", "application/json", 406)]
    public async Task Post_WhoMayNotAsk_IsRefusedBeforeAnythingRuns(string header, string value, int status)
    {
        using var response = await SendAsync(Initialize, (header, value));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("Mcp-Session-Id"));
    }

    [Theory]
    [InlineData("application/json; charset=utf-8", 200)]
    [InlineData("APPLICATION/JSON", 200)]
    [InlineData("application/jsonx", 415)]
    [InlineData("application/json-seq", 415)]
    public async Task Post_MediaType_IsJsonAndNothingThatBeginsSo(string type, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Initialize)) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Token}");

        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(status, (int)response.StatusCode);
    }

    /// <summary>What a caller does to its own request is no error of this program: it is answered, not left to the server, which logs a bug for each.</summary>
    [Fact]
    public async Task Post_BodyNeverEnds_IsToldSoAndCutOff()
    {
        var url = new Uri(_address);
        using var caller = new TcpClient();
        await caller.ConnectAsync(url.Host, url.Port);
        var head = $"POST {url.AbsolutePath} HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {Token}\r\nAccept: application/json, text/event-stream\r\n"
            + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
        await using var stream = caller.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));

        // The server's own clock runs this; what is awaited is the end, whenever it comes.
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync().WaitAsync(TestTimeouts.Signal);

        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains("The body did not arrive in time.", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_WithASession_IsOpenedAndWithoutOneRefused()
    {
        using var opened = await SendAsync(Initialize);
        var session = Assert.Single(opened.Headers.GetValues("Mcp-Session-Id"));

        using var stream = await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", session));
        using var refused = await SendAsync(null, HttpMethod.Get);

        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (stream.StatusCode, stream.Content.Headers.ContentType!.MediaType));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
    }

    /// <summary>The SDK's transport throws at a second one; also after the first has broken off, which clients answer by opening it anew.</summary>
    [Fact]
    public async Task Get_ASecondTimeInASession_IsToldThatThereIsNone()
    {
        using var opened = await SendAsync(Initialize);
        var session = Assert.Single(opened.Headers.GetValues("Mcp-Session-Id"));
        var stream = await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", session));

        using var second = await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", session));
        stream.Dispose();
        using var third = await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", session));

        Assert.Equal((HttpStatusCode.MethodNotAllowed, HttpStatusCode.MethodNotAllowed), (second.StatusCode, third.StatusCode));
        Assert.Contains("one stream", (await AnswerAsync(second))["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    /// <summary>Clients that connect for each call and never say goodbye must not lock everybody out.</summary>
    [Fact]
    public async Task Post_HandshakeAtTheBoundOfSessions_TheLongestIdleMakesRoom()
    {
        var first = await OpenAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        var others = new List<string?>();
        while (others.Count < HttpLimits.MaxSessions - 1)
            others.Add(await OpenAsync());
        Assert.DoesNotContain(null, others);

        // One that answers at the moment is never ended, however long it has been so; one that was used a moment ago is not idle.
        using var listening = await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", others[0]!));
        _time.Advance(TimeSpan.FromSeconds(58));
        using var refused = await SendAsync(Initialize);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "60"), (refused.StatusCode, refused.Headers.RetryAfter?.ToString()));
        Assert.Contains("in the last 60 seconds", (await AnswerAsync(refused))["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(await OpenAsync());
        Assert.Null(await OpenAsync());
        Assert.Equal(HttpStatusCode.NotFound, await ListAsync(first!));
        Assert.Equal(HttpStatusCode.OK, await ListAsync(others[1]!));

        _time.Advance(TimeSpan.FromHours(1));
        for (var n = 0; n < HttpLimits.MaxSessions - 1; n++)
            Assert.NotNull(await OpenAsync());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (await ListAsync(others[0]!), await ListAsync(others[1]!)));
    }

    /// <summary>As over stdio: what tells of a hanging backend is answered while more questions hang than are asked at once.</summary>
    [Fact]
    public async Task Post_HealthBehindMoreQuestionsThanAreAskedAtOnce_IsAnswered()
    {
        using var stop = new CancellationTokenSource();
        _router.OnAsk = async (_, _) =>
        {
            await Task.Delay(Timeout.Infinite, stop.Token);
            throw new InvalidOperationException("unreachable");
        };
        (string, string)[] headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "maestra_ask")];
        var asking = Enumerable.Range(1, QuestionGate.MaxAtWork + 10).Select(id => SendAsync(
            Stateless(id, "tools/call", "\"name\":\"maestra_ask\",\"arguments\":{\"message\":\"hi\"},"), headers)).ToList();
        await _router.Asked.ItemAsync(QuestionGate.MaxAtWork);

        using var health = await SendAsync(
            Stateless(5_000, "tools/call", "\"name\":\"maestra_health\",\"arguments\":{},"),
            ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "maestra_health"));

        Assert.Equal("cloud", (await AnswerAsync(health))["result"]!["structuredContent"]!["active"]!.GetValue<string>());
        Assert.Equal(QuestionGate.MaxAtWork, _router.Asked.Snapshot().Count);
        await stop.CancelAsync();
        foreach (var each in asking)
            (await each).Dispose();
    }

    /// <returns>Null: there was no room.</returns>
    private async Task<string?> OpenAsync()
    {
        using var opened = await SendAsync(Initialize);
        await opened.Content.ReadAsStringAsync();
        return opened.Headers.TryGetValues("Mcp-Session-Id", out var ids) ? ids.Single() : null;
    }

    private async Task<HttpStatusCode> ListAsync(string session)
    {
        using var listed = await SendAsync("""{"jsonrpc":"2.0","id":3,"method":"tools/list"}""", ("Mcp-Session-Id", session));
        await listed.Content.ReadAsStringAsync();
        return listed.StatusCode;
    }

    private static string Stateless(int id, string method, string parameters = "") =>
        $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{ {{parameters}} "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"} } } }""";

    private Task<HttpResponseMessage> SendAsync(string body, params (string Name, string Value)[] headers) => SendAsync(body, HttpMethod.Post, headers);

    private Task<HttpResponseMessage> SendAsync(string? body, HttpMethod method, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, _address);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        (string Name, string Value)[] usual = [("Accept", "application/json, text/event-stream"), ("Authorization", $"Bearer {Token}")];
        foreach (var (name, value) in usual.Where(each => headers.All(header => header.Name != each.Name)).Concat(headers))
            request.Headers.TryAddWithoutValidation(name, value);
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The answer, as JSON or as the last event.</summary>
    private static async Task<JsonObject> AnswerAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var json = text.StartsWith('{') ? text : text.Split('\n').Last(line => line.StartsWith("data: {", StringComparison.Ordinal))["data: ".Length..];
        return JsonNode.Parse(json)!.AsObject();
    }
}
