using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Conversations;

/// <summary>The routes of wire.md §4 in local mode, with the files beside the log.</summary>
public sealed class LocalArchiveTests
{
    private const string Canary = "swordfish7d1c";

    /// <summary>The hub must know it while the backend is down, so every answer says it, a stored one too (docs/decisions/0034).</summary>
    [Fact]
    public async Task Ask_InAConversationTaggedLocalOnly_SaysSo()
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync();
        Assert.DoesNotContain("local_only", (await backend.AskAsync(TestBackend.Question(conversation: "main"))).Text, StringComparison.Ordinal);
        await backend.PatchAsync("/conversations/main", """{"add_tags":["local_only"]}""");
        for (var time = 0; time < 2; time++)
        {
            var reply = await backend.AskAsync(TestBackend.Question("Again?", "main"), headers: [("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293")]);
            Assert.Contains("\"local_only\":true", reply.Text, StringComparison.Ordinal);
        }

        await backend.PatchAsync("/conversations/main", """{"remove_tags":["local_only"]}""");
        Assert.DoesNotContain("local_only", (await backend.AskAsync(TestBackend.Question("And now?", "main"))).Text, StringComparison.Ordinal);
    }

    /// <summary>The hub asks the cloud the next question if this answer does not say it.</summary>
    [Fact]
    public async Task Ask_TaggedLocalOnlyWhileItsAnswerIsMade_SaysSo()
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync();
        backend.Advisor.Script = async (_, _) =>
        {
            await backend.PatchAsync("/conversations/main", """{"add_tags":["local_only"]}""");
            return ScriptedAdvisor.Answer("Late.");
        };

        Assert.Contains("\"local_only\":true", (await backend.AskAsync(TestBackend.Question(conversation: "main"))).Text, StringComparison.Ordinal);
    }

    /// <summary>T11, T17, T18, and the half of T48 that is about the export.</summary>
    [Fact]
    public async Task Ask_FromTwoSurfaces_FileIndexAndExportSayTheSame()
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync();
        await AskAsync(backend, "What changed in the parser?", "main");
        await AskAsync(backend, "And the lexer?", "main", "browser_ext");
        var file = await FileAsync(backend, "main.json", static text => text.Contains("lexer", StringComparison.Ordinal));
        var index = JsonNode.Parse(await FileAsync(backend, "index.json", static text => text.Contains("browser_ext", StringComparison.Ordinal)))!;

        var export = await backend.GetAsync("/conversations/main/export");
        var document = JsonNode.Parse(file)!;

        Assert.Equal(file, export.Text);
        Assert.Equal(("main", "What changed in the parser?", "ada"), ((string?)document["id"], (string?)document["topic"], (string?)document["owner"]));
        Assert.Equal((4, 4, "active"),
            (document["messages"]!.AsArray().Count, (int)document["meta"]!["message_count"]!, (string?)document["meta"]!["status"]));
        var entry = Assert.Single(index["conversations"]!.AsArray())!;
        foreach (var surfaces in new[] { document["surfaces"]!, entry["surfaces"]! })
            Assert.Equal("""["windsurf","browser_ext"]""", surfaces.ToJsonString());
    }

    /// <summary>T48: after the erasure no file and no index entry, after the compaction no text under the root.</summary>
    [Fact]
    public async Task Delete_Conversation_LeavesNothingUnderTheRootOnceCompacted()
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync((SettingNames.UserId, "ada"));
        backend.Advisor.Script = static (_, _) => Task.FromResult(ScriptedAdvisor.Answer(Canary + " yes"));
        Directory.CreateDirectory(backend.Root);
        await File.WriteAllTextAsync(
            Path.Combine(backend.Root, "old.json"), $$"""{"id":"old","messages":[{"role":"user","content":"{{Canary}} imported"}]}""");
        await AskAsync(backend, Canary, "main");
        Assert.Equal("ada", (string?)(await backend.GetAsync("/conversations/old")).Json["owner"]);
        await backend.PatchAsync("/conversations/main", $$"""{"title":"{{Canary}}","add_tags":["{{Canary}}"]}""");
        await FileAsync(backend, "index.json", static text => text.Contains(Canary, StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, (await backend.DeleteAsync("/conversations/main")).Status);
        Assert.Equal(HttpStatusCode.OK, (await backend.DeleteAsync("/users/anonymous")).Status);
        Assert.False(File.Exists(Path.Combine(backend.Root, "main.json")));
        Assert.DoesNotContain(Canary, await File.ReadAllTextAsync(Path.Combine(backend.Root, "index.json")), StringComparison.Ordinal);
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (FilesWith(backend.Root).Length > 0)
        {
            backend.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20, limit.Token);
        }

        Assert.Equal("conversation_erased", (await backend.GetAsync("/conversations/old")).Code);
        Assert.Equal("conversation_erased", (await backend.GetAsync("/conversations/main")).Code);
    }

    [Fact]
    public async Task LocalMode_OneNamespace_WhoeverAsks()
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync();
        await AskAsync(backend, "From ada", "main");

        Assert.Equal("ada", (string?)(await backend.PatchAsync("/conversations/main?user_id=bob", """{"title":"t"}""")).Json["owner"]);
        Assert.Equal("ada", (string?)(await backend.GetAsync("/conversations/main/export?user_id=bob")).Json["owner"]);
        Assert.Empty((await backend.GetAsync("/users/bob/export")).Json["conversations"]!.AsArray());
        Assert.Single((await backend.GetAsync("/users/ada/export")).Json["conversations"]!.AsArray());
        Assert.Equal(2, (int)(await backend.DeleteAsync("/conversations/main?user_id=bob")).Json["messages_erased"]!);
        Assert.Equal("ada", Assert.Single(backend.Acts, static act => act.Kind == Backend.Conversations.ArchiveActKind.ConversationErased).Owner.ToString());
    }

    /// <summary>T62.</summary>
    [Fact]
    public async Task Ask_ConversationWhoseFileIsCorrupt_Is409AndTheBytesStay()
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync();
        var path = Path.Combine(backend.Root, "main.json");
        await File.WriteAllTextAsync(path, "{\"id\":\"main\",\"mess");

        foreach (var reply in new[]
        {
            await backend.GetAsync("/conversations/main"),
            await backend.GetAsync("/conversations/main/export"),
            await backend.AskAsync(TestBackend.Question("q", "main")),
        })
        {
            Assert.Equal((HttpStatusCode.Conflict, "conversation_damaged"), (reply.Status, reply.Code));
        }

        Assert.Equal("{\"id\":\"main\",\"mess", await File.ReadAllTextAsync(path));
        File.Delete(path);
        Assert.Equal("conversation_not_found", (await backend.GetAsync("/conversations/main")).Code);
    }

    /// <summary>T56: every method, and nothing outside the root is touched.</summary>
    [Fact]
    public async Task AnyMethod_OddId_Is422AndTouchesNothingOutsideTheRoot()
    {
        await using var backend = await TestBackend.StartLocalOverStoreAsync();
        await AskAsync(backend, "q", "main");
        var parent = Path.GetDirectoryName(backend.Root)!;
        await File.WriteAllTextAsync(Path.Combine(parent, "secret.json"), """{"id":"secret","messages":[{"role":"user","content":"x"}]}""");
        var before = Files(parent, backend.Root);

        foreach (var id in new[] { "..%2Fsecret", "%2E%2E", "%2Fetc%2Fpasswd", "a%5Cb", "index", "Index", "INDEX", "a%20b", new string('x', 129) })
        {
            foreach (var (method, path) in new[]
            {
                ("GET", $"/conversations/{id}"), ("DELETE", $"/conversations/{id}"), ("PATCH", $"/conversations/{id}"), ("GET", $"/conversations/{id}/export"),
            })
            {
                var answer = await SendRawAsync(backend.Url, method, path);
                Assert.True(answer.StartsWith("HTTP/1.1 422", StringComparison.Ordinal), $"{method} {path}: {answer}");
            }
        }

        Assert.Equal(before, Files(parent, backend.Root));
    }

    private static async Task AskAsync(TestBackend backend, string message, string conversation, string surface = "windsurf")
    {
        var reply = await backend.AskAsync(TestBackend.Question(message, conversation, surface: surface));
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        backend.Time.Advance(TimeSpan.FromMilliseconds(10));
    }

    /// <summary>The file once housekeeping has brought it up to date; it replaces files whole.</summary>
    private static async Task<string> FileAsync(TestBackend backend, string name, Predicate<string> isDone)
    {
        var path = Path.Combine(backend.Root, name);
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (true)
        {
            if (File.Exists(path) && await File.ReadAllTextAsync(path) is var text && isDone(text))
                return text;
            backend.Time.Advance(TimeSpan.FromMilliseconds(400));
            await Task.Delay(20, limit.Token);
        }
    }

    private static string[] FilesWith(string root) =>
    [
        .. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(static path => Path.GetFileName(path) != "lock" && Holds(path)),
    ];

    private static bool Holds(string path)
    {
        try
        {
            return File.ReadAllBytes(path).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Canary)) >= 0;
        }
        catch (FileNotFoundException)
        {
            // Replaced or removed since the folder was listed: looked at again in the next turn.
            return true;
        }
    }

    private static string[] Files(string parent, string except) =>
    [
        .. Directory.EnumerateFileSystemEntries(parent, "*", SearchOption.AllDirectories)
            .Where(path => !path.StartsWith(except, StringComparison.Ordinal))
            .Select(static path => File.Exists(path) ? $"{path} {new FileInfo(path).Length} {File.GetLastWriteTimeUtc(path):O}" : path)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>A client library would tidy the path up before sending it.</summary>
    private static async Task<string> SendRawAsync(Uri url, string method, string target)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(url.Host, url.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
