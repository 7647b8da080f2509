using System.Net;
using System.Net.Sockets;
using System.Text;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Conversations;

public sealed class ConversationEndpointTests
{
    /// <summary>wire.md §4, §9.2: an empty list would claim that nobody else has what is the user's.</summary>
    [Fact]
    public async Task UserExport_ListsThePeersThatTakeTheUser()
    {
        string[] keys = [NewPeerKey(), NewPeerKey(), NewPeerKey()];
        string[] ids = [.. keys.Select(static key => "hosted_sha256_" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Convert.FromBase64String(key)))[..16])];
        await using var backend = await TestBackend.StartLocalOverStoreAsync(("MAESTRA_PEERS", $"{ids[0]},{keys[0]},ada;{ids[1]},{keys[1]},bob;{ids[2]},{keys[2]},*"));

        var export = await backend.GetAsync("/users/ada/export");

        var peers = System.Text.Json.Nodes.JsonNode.Parse(export.Text)!["peers"]!.AsArray();
        Assert.Equal(new[] { ids[0], ids[2] }.Order(), peers.Select(static peer => (string)peer!["backend_id"]!).Order());
    }

    private static string NewPeerKey()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        return Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public async Task Get_AfterOneAsk_HasTheWholeDocument_T17()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question(conversation: "c"));

        var document = (await backend.GetAsync("/conversations/c")).Json;

        Assert.Equal(("c", "What changed in the parser?", "ada"), ((string?)document["id"], (string?)document["topic"], (string?)document["owner"]));
        Assert.Equal("""["windsurf"]""", document["surfaces"]!.ToJsonString());
        Assert.Equal(["user", "assistant"], document["messages"]!.AsArray().Select(message => (string?)message!["role"]));
        Assert.Equal((2, "active"), ((int)document["meta"]!["message_count"]!, (string?)document["meta"]!["status"]));
        Assert.Equal(2, (int)document["format"]!);
        Assert.False(document.ContainsKey("truncated"));
    }

    [Fact]
    public async Task Get_WithLimitAndBefore_PagesBackwards()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question("One", "c"));
        await backend.AskAsync(TestBackend.Question("Two", "c"));

        var last = (await backend.GetAsync("/conversations/c?limit=2")).Json;
        var before = (string?)last["messages"]![0]!["id"];
        var first = (await backend.GetAsync($"/conversations/c?limit=2&before={before}")).Json;

        Assert.Equal(("Two", true), ((string?)last["messages"]![0]!["content"], (bool?)last["truncated"]));
        Assert.Equal("One", (string?)first["messages"]![0]!["content"]);
        Assert.False(first.ContainsKey("truncated"));
    }

    [Theory]
    [InlineData("/conversations/unknown", 404, "conversation_not_found")]
    [InlineData("/conversations/c?limit=0", 422, "int_range query.limit")]
    [InlineData("/conversations/c?limit=10001", 422, "int_range query.limit")]
    [InlineData("/conversations/c?limit=x", 422, "int_range query.limit")]
    [InlineData("/conversations/c?before=x", 422, "string_pattern_mismatch query.before")]
    [InlineData("/conversations/c?before=019b8d7d-f23b-7a1b-ac3d-4e5f60718293", 422, "value_error query.before")]
    [InlineData("/conversations?limit=201", 422, "int_range query.limit")]
    [InlineData("/conversations?status=open", 422, "literal_error query.status")]
    [InlineData("/conversations?cursor=made-up", 422, "value_error query.cursor")]
    [InlineData("/conversations?user_id=a&user_id=b", 422, "duplicate_key query.user_id")]
    public async Task Get_BadRequest_SaysWhat(string path, int status, string expected)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question(conversation: "c"));

        var reply = await backend.GetAsync(path);

        Assert.Equal((HttpStatusCode)status, reply.Status);
        Assert.Equal(expected, status == 422 ? string.Join('|', reply.Errors) : reply.Code);
    }

    [Theory]
    [InlineData("/conversations/..")]
    [InlineData("/conversations/../../etc/passwd")]
    [InlineData("/conversations/%2e%2e")]
    [InlineData("/conversations/..%2Fx")]
    [InlineData("/conversations/%2Fetc%2Fpasswd")]
    [InlineData("/conversations/a%5Cb")]
    [InlineData("/conversations/index")]
    [InlineData("/conversations/INDEX")]
    [InlineData("/conversations/%69ndex")]
    [InlineData("/conversations/%2569ndex")]
    [InlineData("/conversations/a%20b")]
    [InlineData("/Conversations/..")]
    public async Task Get_OddId_Is422_T56(string target)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var answer = await SendRawAsync(backend.Url, target);

        Assert.StartsWith("HTTP/1.1 422", answer, StringComparison.Ordinal);
        Assert.Contains("\"path\",\"id\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_NulInTheTarget_IsRefusedByTheServer_T56()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        // Kestrel refuses such a request line before any of our code runs; what counts is that nothing is looked up.
        Assert.StartsWith("HTTP/1.1 400", await SendRawAsync(backend.Url, "/conversations/a%00b"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_LongId_Is422_T56()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await backend.GetAsync("/conversations/" + new string('x', 129))).Status);
    }

    [Fact]
    public async Task TwoUsersWithOneId_SeeOnlyTheirOwn_T69()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        await backend.AskAsync(TestBackend.Question("From ada", "main", "ada"), key: TestBackend.AdaKey);
        await backend.AskAsync(TestBackend.Question("From bob", "main", "bob"), key: TestBackend.BobKey);
        await backend.AskAsync(TestBackend.Question("Only ada", "private", "ada"), key: TestBackend.AdaKey);

        var ada = await backend.GetAsync("/conversations/main", TestBackend.AdaKey);
        var bob = await backend.GetAsync("/conversations/main", TestBackend.BobKey);
        var foreign = await backend.GetAsync("/conversations/private", TestBackend.BobKey);
        var list = await backend.GetAsync("/conversations", TestBackend.BobKey);

        Assert.Equal(("From ada", "From bob"), ((string?)ada.Json["topic"], (string?)bob.Json["topic"]));
        Assert.Equal((HttpStatusCode.NotFound, "conversation_not_found"), (foreign.Status, foreign.Code));
        Assert.Equal("From bob", (string?)Assert.Single(list.Json["conversations"]!.AsArray())!["topic"]);
    }

    [Fact]
    public async Task KeyOfAllUsers_NamesTheUser_T69()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        await backend.AskAsync(TestBackend.Question("From ada", "main", "ada"), key: TestBackend.AdaKey);
        await backend.AskAsync(TestBackend.Question("From bob", "main", "bob"), key: TestBackend.Key);

        var ambiguous = await backend.GetAsync("/conversations/main", TestBackend.Key);
        var named = await backend.GetAsync("/conversations/main?user_id=bob", TestBackend.Key);
        var all = await backend.GetAsync("/conversations", TestBackend.Key);

        Assert.Equal((HttpStatusCode.Conflict, "ambiguous_conversation"), (ambiguous.Status, ambiguous.Code));
        Assert.Equal("From bob", (string?)named.Json["topic"]);
        Assert.Equal(2, all.Json["conversations"]!.AsArray().Count);
    }

    [Fact]
    public async Task List_InLocalMode_ShowsAllOrThoseOfAUser()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question("A", "a", "ada"));
        await backend.AskAsync(TestBackend.Question("B", "b", "bob"));

        var all = (await backend.GetAsync("/conversations")).Json;
        var some = (await backend.GetAsync("/conversations?user_id=bob")).Json;

        Assert.Equal(2, all["conversations"]!.AsArray().Count);
        Assert.Equal("b", (string?)Assert.Single(some["conversations"]!.AsArray())!["id"]);
        Assert.Null(all["next_cursor"]);
    }

    /// <summary>A client library would tidy the path up before sending it.</summary>
    private static async Task<string> SendRawAsync(Uri url, string target)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(url.Host, url.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
