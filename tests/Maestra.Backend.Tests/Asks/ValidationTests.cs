using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using ConversationHub.Contracts;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Asks;

/// <summary>What is wrong with a body, and what is answered (wire.md §7).</summary>
public sealed class ValidationTests
{
    public static TheoryData<string, string> CoreBodies => new()
    {
        { "{}", "missing body.surface_id|missing body.user_id|missing body.message" },
        { """{"user_id":"a","surface_id":"s"}""", "missing body.message" },
        { """{"user_id":1,"surface_id":"s","message":"m"}""", "string_type body.user_id" },
        { """{"user_id":null,"surface_id":"s","message":"m"}""", "string_type body.user_id" },
        { """{"user_id":"","surface_id":"s","message":"m"}""", "string_too_short body.user_id" },
        { """{"user_id":"a\u0007b","surface_id":"s","message":"m"}""", "string_pattern_mismatch body.user_id" },
        { """{"user_id":"a","surface_id":"","message":"m"}""", "string_too_short body.surface_id" },
        { """{"user_id":"a","surface_id":"s\n","message":"m"}""", "string_pattern_mismatch body.surface_id" },
        { """{"user_id":"a","surface_id":"s","message":""}""", "string_too_short body.message" },
        { """{"user_id":"a","surface_id":"s","message":" \t\n "}""", "value_error body.message" },
        { """{"user_id":"a","surface_id":"s","message":"a\u0000b"}""", "value_error body.message" },
        { """{"user_id":"a","surface_id":"s","message":"\ud800"}""", "value_error body.message" },
        { """{"user_id":"a","surface_id":"s","message":"m\udc00m"}""", "value_error body.message" },
        { """{"user_id":"a","surface_id":"s","message":["m"]}""", "string_type body.message" },
        { """{"user_id":"a","surface_id":"s","message":"m","mode_hint":"error"}""", "value_error body.mode_hint" },
        { """{"user_id":"a","surface_id":"s","message":"m","mode_hint":7}""", "string_type body.mode_hint" },
        { """{"user_id":"a","surface_id":"s","message":"m","surface_context":"x"}""", "object_type body.surface_context" },
        { """{"user_id":"a","surface_id":"s","message":"m","surface_context":{"file_path":7}}""", "string_type body.surface_context.file_path" },
        { """{"user_id":"a","surface_id":"s","message":"m","conversation_id":7}""", "string_type body.conversation_id" },
        { """["user_id"]""", "object_type body" },
        { "\"text\"", "object_type body" },
        { "", "json_invalid body" },
        { "{", "json_invalid body" },
        { "{\"a\":1}}", "json_invalid body" },
        { "{'a':1}", "json_invalid body" },
        { """{"user_id":"a","surface_id":"s","message":"m","\ud800":1}""", "json_invalid body" },
        { """{"user_id":"a","surface_id":"s","message":"m","unknown":{"\udc00":1}}""", "json_invalid body" },
        { """{"user_id":"a","user_id":"b","surface_id":"s","message":"m"}""", "duplicate_key body" },
        { """{"user_id":"a","surface_id":"s","message":"m","unknown":{"x":1,"x":2}}""", "duplicate_key body" },
    };

    public static TheoryData<string, string> LegacyBodies => new()
    {
        { "{}", "missing body.question" },
        { """{"message":"","question":""}""", "string_too_short body.question" },
        { """{"message":""}""", "string_too_short body.message" },
        { """{"message":7}""", "string_type body.message" },
        { """{"question":"  "}""", "value_error body.question" },
        { """{"message":"m","mode":"slow"}""", "literal_error body.mode" },
        { """{"message":"m","context_hints":"x"}""", "list_type body.context_hints" },
        { """{"message":"m","context_hints":["a",7]}""", "string_type body.context_hints.1" },
        { """{"message":"m","client_context":[]}""", "object_type body.client_context" },
        { """{"message":"m","session_id":"../x"}""", "string_pattern_mismatch body.session_id" },
        { """{"message":"m","user_id":""}""", "string_too_short body.user_id" },
    };

    [Theory]
    [MemberData(nameof(CoreBodies))]
    public async Task Core_BadBody_Is422WithTheList(string body, string errors)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(body);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid_request"), (reply.Status, reply.Code));
        Assert.Equal(errors, string.Join('|', reply.Errors));
        Assert.Equal(0, backend.Store.QuestionsStored);
    }

    [Theory]
    [MemberData(nameof(LegacyBodies))]
    public async Task Legacy_BadBody_Is422WithTheList(string body, string errors)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(body, Routes.Advisor);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid_request"), (reply.Status, reply.Code));
        Assert.Equal(errors, string.Join('|', reply.Errors));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b")]
    [InlineData("a\\\\b")]
    [InlineData("a\\u0001")]
    [InlineData("index")]
    [InlineData("Index")]
    [InlineData("-a")]
    [InlineData("ä")]
    public async Task Core_OddConversationId_Is422_T56(string id)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync($$"""{"user_id":"a","surface_id":"s","message":"m","conversation_id":"{{id}}"}""");

        Assert.Equal(["string_pattern_mismatch body.conversation_id"], reply.Errors);
        Assert.DoesNotContain("passwd", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(128, HttpStatusCode.OK)]
    [InlineData(129, HttpStatusCode.UnprocessableEntity)]
    public async Task Core_ConversationIdLength_IsAtMost128_T56(int length, HttpStatusCode expected)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        Assert.Equal(expected, (await backend.AskAsync(TestBackend.Question(conversation: new string('x', length)))).Status);
    }

    [Fact]
    public async Task Core_NulInConversationId_Is422_T56()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync("""{"user_id":"a","surface_id":"s","message":"m","conversation_id":"a\u0000"}""");

        Assert.Equal(["value_error body.conversation_id"], reply.Errors);
    }

    [Theory]
    [InlineData("""{"user_id":"a","surface_id":"s","message":"m","conversation_id":"","mode_hint":null,"surface_context":null}""")]
    [InlineData("""{"user_id":"a","surface_id":"s","message":"m","conversation_id":null,"mode_hint":"","unknown":[1,{"x":null}]}""")]
    public async Task Core_AbsentNullAndEmpty_MeanTheSame(string body)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(body);

        Assert.Equal(("advisor", HttpStatusCode.OK), ((string?)reply.Json["mode"], reply.Status));
        Assert.StartsWith("conv_2026-01-05_a_", (string?)reply.Json["conversation_id"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(262_144, "a", HttpStatusCode.OK)]
    [InlineData(262_145, "a", HttpStatusCode.UnprocessableEntity)]
    [InlineData(131_073, "é", HttpStatusCode.UnprocessableEntity)]
    public async Task Core_MessageLength_CountsBytes_T68(int count, string letter, HttpStatusCode expected)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(TestBackend.Question(string.Concat(Enumerable.Repeat(letter, count))));

        Assert.Equal(expected, reply.Status);
        if (expected != HttpStatusCode.OK)
            Assert.Equal(["string_too_long body.message"], reply.Errors);
    }

    [Theory]
    [InlineData("user_id", 128)]
    [InlineData("surface_id", 64)]
    [InlineData("mode_hint", 64)]
    public async Task Core_TextLength_CountsCodePoints(string field, int max)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        string Body(int length)
        {
            var fields = new Dictionary<string, string> { ["user_id"] = "a", ["surface_id"] = "s", ["message"] = "m" };
            fields[field] = string.Concat(Enumerable.Repeat("😀", length));
            return "{" + string.Join(',', fields.Select(pair => $"\"{pair.Key}\":\"{pair.Value}\"")) + "}";
        }

        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(Body(max))).Status);
        Assert.Equal([$"string_too_long body.{field}"], (await backend.AskAsync(Body(max + 1))).Errors);
    }

    [Theory]
    [InlineData("file_path", 4096)]
    [InlineData("workspace", 4096)]
    [InlineData("page_url", 8192)]
    [InlineData("selection", 65_536)]
    [InlineData("screen_context", 65_536)]
    public async Task Core_ContextLength_IsBounded(string field, int max)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        string Body(int length) =>
            $$$"""{"user_id":"a","surface_id":"s","message":"m","surface_context":{"{{{field}}}":"{{{new string('x', length)}}}"}}""";

        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(Body(max))).Status);
        Assert.Equal([$"string_too_long body.surface_context.{field}"], (await backend.AskAsync(Body(max + 1))).Errors);
    }

    [Theory]
    [InlineData(32, 1024, "")]
    [InlineData(33, 1, "value_error body.context_hints")]
    [InlineData(1, 1025, "string_too_long body.context_hints.0")]
    public async Task Legacy_Hints_AreBounded(int items, int length, string errors)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var hints = string.Join(',', Enumerable.Repeat($"\"{new string('h', length)}\"", items));

        var reply = await backend.AskAsync($$"""{"message":"m","context_hints":[{{hints}}]}""", Routes.Advisor);

        Assert.Equal(errors, reply.Status == HttpStatusCode.OK ? "" : string.Join('|', reply.Errors));
    }

    [Fact]
    public async Task Core_DeeperThan32_Is422()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        string Body(int depth) =>
            $$"""{"user_id":"a","surface_id":"s","message":"m","x":{{new string('[', depth - 1)}}{{new string(']', depth - 1)}}}""";

        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(Body(32))).Status);
        Assert.Equal(["json_invalid body"], (await backend.AskAsync(Body(33))).Errors);
    }

    [Theory]
    [InlineData(new byte[] { 0xEF, 0xBB, 0xBF, (byte)'{', (byte)'}' })]
    [InlineData(new byte[] { (byte)'{', (byte)'"', 0xC3, 0x28, (byte)'"', (byte)':', (byte)'1', (byte)'}' })]
    public async Task Core_BomOrBrokenUtf8_Is422(byte[] body)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, Routes.Core) { Content = content };

        Assert.Equal(["json_invalid body"], (await backend.SendAsync(request)).Errors);
    }

    [Theory]
    [InlineData(1_048_576, HttpStatusCode.OK)]
    [InlineData(1_048_577, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(4_000_000, HttpStatusCode.RequestEntityTooLarge)]
    public async Task Core_BodySize_IsAtMostOneMebibyte_T68(int bytes, HttpStatusCode expected)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var body = TestBackend.Question("m");
        body += new string(' ', bytes - body.Length);

        var known = await backend.AskAsync(body);
        using var chunked = new HttpRequestMessage(HttpMethod.Post, Routes.Core) { Content = TestBackend.Json(body) };
        chunked.Headers.TransferEncodingChunked = true;
        var unknown = await backend.SendAsync(chunked);

        Assert.Equal(expected, known.Status);
        Assert.Equal(expected, unknown.Status);
        if (expected != HttpStatusCode.OK)
            Assert.Equal("body_too_large", known.Code);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/jsonp")]
    [InlineData("")]
    public async Task Core_OtherMediaType_Is415_T61(string type)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(TestBackend.Question()));
        if (type.Length > 0)
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var request = new HttpRequestMessage(HttpMethod.Post, Routes.Core) { Content = content };

        var reply = await backend.SendAsync(request);

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "json_required"), (reply.Status, reply.Code));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON;charset=\"UTF-8\"")]
    public async Task Core_JsonMediaType_IsTaken(string type)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(TestBackend.Question()));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var request = new HttpRequestMessage(HttpMethod.Post, Routes.Core) { Content = content };

        Assert.Equal(HttpStatusCode.OK, (await backend.SendAsync(request)).Status);
    }

    [Fact]
    public async Task Core_CompressedBody_Is415()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(TestBackend.Question()));
        using var content = new ByteArrayContent(packed.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        using var request = new HttpRequestMessage(HttpMethod.Post, Routes.Core) { Content = content };

        var reply = await backend.SendAsync(request);

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "json_required"), (reply.Status, reply.Code));
    }

    [Fact]
    public async Task Body_DoesNotArriveInTime_Is408HoweverManyBytesDrip()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        string[] requests = [$"POST {Routes.Core}", $"POST {Routes.Advisor}", $"POST {Routes.AdvisorAlias}", "POST /tgif/ask", "PATCH /conversations/main"];
        var sockets = requests.Select(static _ => new TcpClient()).ToList();
        for (var i = 0; i < requests.Length; i++)
        {
            await sockets[i].ConnectAsync(backend.Url.Host, backend.Url.Port);
            await sockets[i].GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"{requests[i]} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"));
        }

        await backend.Time.WaitForTimersAsync(requests.Length);
        for (var drop = 0; drop < 3; drop++)
        {
            foreach (var socket in sockets)
                await socket.GetStream().WriteAsync(" "u8.ToArray());
            backend.Time.Advance(TimeSpan.FromSeconds(10));
        }

        foreach (var socket in sockets)
        {
            var answer = new byte[4096];
            var read = await socket.GetStream().ReadAtLeastAsync(answer, "HTTP/1.1 408".Length);
            Assert.StartsWith("HTTP/1.1 408", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
            socket.Dispose();
        }
    }

    [Fact]
    public async Task Core_ConnectionBreaksWithinTheBody_IsNoCrash()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(backend.Url.Host, backend.Url.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                "POST /api/maestra/core HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"));
            await backend.Time.WaitForTimersAsync();

            // Closing with a reset, as a process that is killed does.
            socket.LingerState = new System.Net.Sockets.LingerOption(enable: true, seconds: 0);
        }

        await backend.DisposeAsync();

        Assert.DoesNotContain("crashed", backend.Log, StringComparison.Ordinal);
        Assert.Equal(0, backend.Store.QuestionsStored);
    }
}
