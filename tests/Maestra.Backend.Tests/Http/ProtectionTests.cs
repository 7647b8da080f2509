using System.Net;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Microsoft.AspNetCore.Routing;

namespace Maestra.Backend.Tests.Http;

/// <summary>Who is let in (wire.md §8).</summary>
public sealed class ProtectionTests
{
    public static TheoryData<string, string> Paths => new()
    {
        { "POST", Routes.Core }, { "POST", Routes.Advisor }, { "POST", Routes.AdvisorAlias }, { "POST", "/tgif/ask" },
        { "GET", "/tgif/health" }, { "GET", Routes.Conversations }, { "GET", "/conversations/main" }, { "GET", "/conversations/..%2Fx" },
        { "GET", "/no-such-path" }, { "DELETE", Routes.Core }, { "OPTIONS", Routes.Core }, { "GET", "/" }, { "POST", "/health/x" },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Cloud_WithoutKey_RefusesEveryPathButHealth_T57(string method, string path)
    {
        await using var backend = await TestBackend.StartCloudAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        var reply = await backend.SendAsync(request);

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_api_key"), (reply.Status, reply.Code));
    }

    [Fact]
    public async Task Cloud_WithoutKey_RefusesEveryRouteButHealth_T57()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        var open = new List<string>();
        var walked = 0;
        foreach (var endpoint in backend.Server.Endpoints.OfType<RouteEndpoint>())
        {
            foreach (var method in endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods)
            {
                var path = endpoint.RoutePattern.RawText!.Replace("{id}", "main", StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                walked++;
                if ((await backend.SendAsync(request)).Status != HttpStatusCode.Unauthorized)
                    open.Add($"{method} {path}");
            }
        }

        Assert.Equal(["GET /health", "GET /health/live", "GET /health/ready"], open.Order(StringComparer.Ordinal));
        Assert.InRange(walked, 8, int.MaxValue);
    }

    [Fact]
    public async Task Cloud_MissingUnknownAndWrongKey_GetOneAndTheSameBody_T9()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        var id = ("X-Request-ID", "r-1");

        var missing = await backend.AskAsync("not even json", headers: [id]);
        var wrong = await backend.AskAsync(TestBackend.Question(), key: TestBackend.Key + "x", headers: [id]);
        var empty = await backend.AskAsync("{}", headers: [id, ("X-API-Key", "")]);
        var bearer = await backend.AskAsync("{}", headers: [id, ("Authorization", "Bearer nonsense")]);
        var basic = await backend.AskAsync("{}", headers: [id, ("Authorization", "Basic " + TestBackend.Key)]);

        const string Body = """{"detail":"Invalid API key","code":"invalid_api_key","request_id":"r-1"}""";
        Assert.All([missing, wrong, empty, bearer, basic], reply => Assert.Equal((HttpStatusCode.Unauthorized, Body), (reply.Status, reply.Text)));
    }

    [Fact]
    public async Task Cloud_KeyInAQuery_IsNoKey()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, (await backend.GetAsync($"/conversations?api_key={TestBackend.Key}&key={TestBackend.Key}")).Status);
    }

    [Fact]
    public async Task Cloud_BearerKey_IsEqualToTheHeader()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        var reply = await backend.AskAsync(TestBackend.Question(), headers: [("Authorization", "Bearer " + TestBackend.AdaKey)]);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
    }

    [Fact]
    public async Task Cloud_BodyNamesAnotherUser_Is403_T69()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        var reply = await backend.AskAsync(TestBackend.Question(user: "bob"), key: TestBackend.AdaKey);
        var query = await backend.GetAsync("/conversations?user_id=bob", TestBackend.AdaKey);

        Assert.Equal((HttpStatusCode.Forbidden, "user_mismatch"), (reply.Status, reply.Code));
        Assert.Contains("ada", (string?)reply.Json["detail"], StringComparison.Ordinal);
        Assert.Equal("user_mismatch", query.Code);
        Assert.Equal(0, backend.Store.QuestionsStored);
    }

    [Fact]
    public async Task Cloud_Anonymous_IsTheKeysUser()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        await backend.AskAsync(TestBackend.Question(conversation: "c", user: "anonymous"), key: TestBackend.AdaKey);

        Assert.Equal("ada", (string?)(await backend.GetAsync("/conversations/c", TestBackend.AdaKey)).Json["owner"]);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:8825")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("10.0.0.1")]
    public async Task Local_ForeignHost_Is403_T61(string host)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.GetAsync("/health", headers: [("Host", host)]);

        Assert.Equal((HttpStatusCode.Forbidden, "host_refused"), (reply.Status, reply.Code));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:9")]
    [InlineData("localhost:8825")]
    [InlineData("LOCALHOST")]
    [InlineData("[::1]:8825")]
    public async Task Local_LoopbackHost_Passes(string host)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/health", headers: [("Host", host)])).Status);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("http://127.0.0.1:8825")]
    [InlineData("https://listed.example.evil")]
    [InlineData("https://listed.example, https://evil.example")]
    public async Task Local_ForeignOrigin_Is403WithoutGrant_T61(string origin)
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.CorsOrigins, "https://listed.example"));

        var reply = await backend.AskAsync(TestBackend.Question(), headers: [("Origin", origin)]);

        Assert.Equal((HttpStatusCode.Forbidden, "origin_refused"), (reply.Status, reply.Code));
        Assert.DoesNotContain(reply.Headers.Keys, name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(0, backend.Store.QuestionsStored);
    }

    [Fact]
    public async Task Local_ListedOrigin_PassesAndGetsItsPreflight_T61()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.CorsOrigins, "chrome-extension://abc, https://listed.example"));
        using var options = new HttpRequestMessage(HttpMethod.Options, Routes.Core);

        var preflight = await backend.SendAsync(options, headers:
            [("Origin", "chrome-extension://abc"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type")]);
        var reply = await backend.AskAsync(TestBackend.Question(), headers: [("Origin", "chrome-extension://abc")]);

        Assert.Equal((HttpStatusCode.NoContent, "chrome-extension://abc"), (preflight.Status, preflight.Headers["Access-Control-Allow-Origin"]));
        Assert.Contains("POST", preflight.Headers["Access-Control-Allow-Methods"], StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "chrome-extension://abc"), (reply.Status, reply.Headers["Access-Control-Allow-Origin"]));
        Assert.False(reply.Headers.ContainsKey("Access-Control-Allow-Credentials"));
    }

    [Fact]
    public async Task Local_WithoutList_HasNoCorsHeaders()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(TestBackend.Question());

        Assert.DoesNotContain(reply.Headers.Keys, name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task UnknownPathAndMethod_AreProblems()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var path = await backend.GetAsync("/nothing/here", headers: [("X-Request-ID", "r-1")]);
        var method = await backend.GetAsync(Routes.Core);

        Assert.Equal((HttpStatusCode.NotFound, """{"detail":"Not Found","code":"not_found","request_id":"r-1"}"""), (path.Status, path.Text));
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "method_not_allowed", "POST"), (method.Status, method.Code, method.Headers["Allow"]));
        Assert.Equal("no-store", path.Headers["Cache-Control"]);
    }

    [Theory]
    [InlineData("has space")]
    [InlineData("sixty-five-characters-is-one-more-than-a-request-id-may-ever-have-x")]
    public async Task RequestId_Malformed_IsReplaced(string sent)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.GetAsync("/health", headers: [("X-Request-ID", sent)]);

        Assert.Matches("^[0-9a-f-]{36}$", reply.Headers["X-Request-ID"]);
    }

    [Fact]
    public async Task Core_InternalError_Is500WithThePlainTextAndTheLogHasIt_T59()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        backend.Advisor.Script = (_, _) => throw new NotSupportedException("a bug in /secret/path");

        var reply = await backend.AskAsync(TestBackend.Question(), headers: [("X-Request-ID", "r-1"), ("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293")]);

        Assert.Equal(
            (HttpStatusCode.InternalServerError,
                """{"detail":"Internal server error","code":"internal_error","request_id":"r-1","operation_id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293"}"""),
            (reply.Status, reply.Text));
        Assert.Contains("1007 Request crashed (request r-1)", backend.Log, StringComparison.Ordinal);
        Assert.Contains("a bug in /secret/path", backend.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8_000, 414, "uri_too_long")]
    [InlineData(500, 200, null)]
    public async Task RequestLine_IsAtMost8KiB(int length, int status, string? code)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.GetAsync("/health?" + new string('q', length + 200));

        Assert.Equal(((HttpStatusCode)status, code), (reply.Status, reply.Code));
    }

    [Fact]
    public async Task Headers_AreAtMost32KiB()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.GetAsync("/health", headers: [("X-Large", new string('h', 33_000))]);

        Assert.Equal(((HttpStatusCode)431, "headers_too_large"), (reply.Status, reply.Code));
    }
}
