using System.Net;
using System.Net.Sockets;
using System.Text;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.McpHttp;
using ConversationHub.Testing;

namespace ConversationHub.Mcp.Tests.Http;

/// <summary>MCP over HTTP on a real socket: both eras, and everybody who is not let in (issue 5, item 5).</summary>
public sealed class StreamableHttpTests : HttpRig
{
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
        Assert.Empty(Router.Asked.Snapshot());
    }

    [Fact]
    public async Task Post_UnknownMethodWithoutSession_HasItsStatus()
    {
        using var response = await SendAsync(Stateless(1, "no/such"), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "no/such"));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(-32601, (await AnswerAsync(response))["error"]!["code"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("1999-01-01", 400)]
    [InlineData("banana", 400)]
    [InlineData("2027-01-01", 400)]
    [InlineData("2025-06-18", 200)]
    public async Task Post_RevisionInTheHeader_IsOneOfThoseServed(string revision, int status)
    {
        var session = (await OpenAsync())!;

        using var posted = await SendAsync("""{"jsonrpc":"2.0","id":3,"method":"tools/list"}""", ("Mcp-Session-Id", session), ("MCP-Protocol-Version", revision));
        using var offered = await SendAsync(Initialize, ("MCP-Protocol-Version", revision));
        using var listening = await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", session), ("MCP-Protocol-Version", revision));
        using var deleted = await SendAsync(null, HttpMethod.Delete, ("Mcp-Session-Id", session), ("MCP-Protocol-Version", revision));

        Assert.Equal((status, 200, status, status == 200 ? 204 : 400), ((int)posted.StatusCode, (int)offered.StatusCode, (int)listening.StatusCode, (int)deleted.StatusCode));
        if (status == 400)
            Assert.Contains("2025-11-25", (await AnswerAsync(posted))["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    /// <summary>The list of the header check is ours; the SDK tells its own where it is asked for another without handshake.</summary>
    [Fact]
    public async Task Post_EveryRevisionTheSdkServes_IsTakenInTheHeader()
    {
        using var unknown = await SendAsync(
            Stateless(1, "tools/list").Replace("2026-07-28", "2027-01-01", StringComparison.Ordinal), ("MCP-Protocol-Version", "2027-01-01"), ("Mcp-Method", "tools/list"));
        var error = (await AnswerAsync(unknown))["error"]!;
        var served = error["data"]!["supported"]!.AsArray().Select(static each => each!.GetValue<string>()).ToList();

        Assert.Equal((HttpStatusCode.BadRequest, -32022), (unknown.StatusCode, error["code"]!.GetValue<int>()));
        Assert.Contains("2026-07-28", served);
        Assert.All(served, static revision => Assert.False(new RequestHeaders(revision, null, null, null).HasUnknownRevision));
    }

    /// <summary>There are no lines over HTTP.</summary>
    [Theory]
    [InlineData("[]", "by itself")]
    [InlineData("{", "not one JSON value")]
    public async Task Post_NoMessage_IsToldInWordsThatFit(string body, string words)
    {
        using var response = await SendAsync(body);

        var message = (await AnswerAsync(response))["error"]!["message"]!.GetValue<string>();
        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.DoesNotContain("The line", message, StringComparison.Ordinal);
        Assert.DoesNotContain("line of its own", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("identity", 200)]
    public async Task Post_EncodedBody_IsRefusedAsSuch(string encoding, int status)
    {
        using var content = new StringContent(Initialize, Encoding.UTF8, "application/json");
        content.Headers.ContentEncoding.Add(encoding);
        using var request = new HttpRequestMessage(HttpMethod.Post, Address) { Content = content };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Token}");

        using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(status, (int)response.StatusCode);
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
        using var request = new HttpRequestMessage(HttpMethod.Post, Address) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Initialize)) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Token}");

        using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(status, (int)response.StatusCode);
    }

    /// <summary>What a caller does to its own request is no error of this program: it is answered, not left to the server, which logs a bug for each.</summary>
    [Fact]
    public async Task Post_BodyNeverEnds_IsToldSoAndCutOff()
    {
        var url = new Uri(Address);
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
        Time.Advance(TimeSpan.FromSeconds(1));
        var others = new List<string?>();
        while (others.Count < HttpLimits.MaxSessions - 1)
            others.Add(await OpenAsync());
        Assert.DoesNotContain(null, others);

        // One that has a request open is never ended, however long it has been so; of the rest the one unused for longest goes at once.
        using var listening = await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", first!));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await ListAsync(others[1]!));
        var newest = await OpenAsync();
        Assert.NotNull(newest);
        var statuses = new List<HttpStatusCode>();
        foreach (var each in others.Skip(2).Prepend(others[1]).Prepend(others[0]).Prepend(first).Append(newest))
            statuses.Add(await ListAsync(each!));
        Assert.Single(statuses, HttpStatusCode.NotFound);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (statuses[0], statuses[2]));

        // Only when each has one open is there no room.
        var streams = new List<HttpResponseMessage>();
        for (var n = 0; n < HttpLimits.MaxSessions - 1; n++)
            streams.Add(await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", (await OpenAsync())!)));
        using var refused = await SendAsync(Initialize);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "5"), (refused.StatusCode, refused.Headers.RetryAfter?.ToString()));
        Assert.Contains("each has a request open", (await AnswerAsync(refused))["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        streams.ForEach(static stream => stream.Dispose());
    }

    /// <summary>As over stdio: what tells of a hanging backend is answered while more questions hang than are asked at once.</summary>
    [Fact]
    public async Task Post_HealthBehindMoreQuestionsThanAreAskedAtOnce_IsAnswered()
    {
        using var stop = new CancellationTokenSource();
        Router.OnAsk = async (_, _) =>
        {
            await Task.Delay(Timeout.Infinite, stop.Token);
            throw new InvalidOperationException("unreachable");
        };
        (string, string)[] headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "maestra_ask")];
        var asking = Enumerable.Range(1, QuestionGate.MaxAtWork + 10).Select(id => SendAsync(
            Stateless(id, "tools/call", "\"name\":\"maestra_ask\",\"arguments\":{\"message\":\"hi\"},"), headers)).ToList();
        await Router.Asked.ItemAsync(QuestionGate.MaxAtWork);

        using var health = await SendAsync(
            Stateless(5_000, "tools/call", "\"name\":\"maestra_health\",\"arguments\":{},"),
            ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "maestra_health"));

        Assert.Equal("cloud", (await AnswerAsync(health))["result"]!["structuredContent"]!["active"]!.GetValue<string>());
        Assert.Equal(QuestionGate.MaxAtWork, Router.Asked.Snapshot().Count);
        await stop.CancelAsync();
        foreach (var each in asking)
            (await each).Dispose();
    }
}
