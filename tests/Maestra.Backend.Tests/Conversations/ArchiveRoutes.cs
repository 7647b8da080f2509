using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Postgres;
using Maestra.Backend.Conversations;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Conversations;

/// <summary>The routes of wire.md §4 in cloud mode, over each kind of store.</summary>
public abstract class ArchiveRoutes
{
    private const string Ada = TestBackend.AdaKey;
    private const string Bob = TestBackend.BobKey;
    private const string All = TestBackend.Key;

    /// <summary>What the backend needs to use the store of this class.</summary>
    private protected abstract Task<(string Name, string Value)[]> StoreSettingsAsync();

    [ContractFact]
    public async Task Patch_Fields_AreShownAndTheLastWriterWins()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "What changed?", "main");

        var first = await backend.PatchAsync("/conversations/main", """
            {"title":"Parser rules","status":"closed","add_tags":["csharp","b","csharp"],
             "link_artifacts":[{"type":"decision","id":"d-1","title":"Merge rules","confidence":0.5},{"type":"file","id":"a:b"}]}
            """, Ada);
        var second = await backend.PatchAsync("/conversations/main", """
            {"title":"Rules","remove_tags":["b"],"unlink_artifacts":[{"type":"file","id":"a:b"}]}
            """, Ada);
        var document = (await backend.GetAsync("/conversations/main", Ada)).Json;

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal(
            ["id", "topic", "owner", "surfaces", "created_at", "updated_at", "message_count", "status", "tags"], first.Json.Select(field => field.Key));
        Assert.Equal(("""["b","csharp"]""", """["csharp"]"""), (first.Json["tags"]!.ToJsonString(), second.Json["tags"]!.ToJsonString()));
        Assert.Equal(("Parser rules", "closed", 2), ((string?)first.Json["topic"], (string?)first.Json["status"], (int)first.Json["message_count"]!));
        Assert.Equal("Rules", (string?)second.Json["topic"]);
        Assert.Equal(("Rules", "closed"), ((string?)document["topic"], (string?)document["meta"]!["status"]));
        Assert.Equal("""["csharp"]""", document["tags"]!.ToJsonString());
        var artifact = Assert.Single(document["artifacts"]!.AsArray())!;
        Assert.Equal(("decision", "d-1", "Merge rules", 0.5),
            ((string?)artifact["type"], (string?)artifact["id"], (string?)artifact["title"], (double)artifact["confidence"]!));
        var listed = Assert.Single((await backend.GetAsync("/conversations?status=closed", Ada)).Json["conversations"]!.AsArray())!;
        Assert.False(listed.AsObject().ContainsKey("tags"));
        Assert.Empty((await backend.GetAsync("/conversations", Ada)).Json["conversations"]!.AsArray());
    }

    [ContractFact]
    public async Task Patch_BadBodies_NameEveryMistakeAndChangeNothing()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "What changed?", "main");
        (string Body, string Errors)[] rows =
        [
            ("""{"title":" "}""", "string_too_short body.title"),
            ($$"""{"title":"{{new string('x', 201)}}"}""", "string_too_long body.title"),
            ("""{"title":7,"status":"open"}""", "string_type body.title|literal_error body.status"),
            ("""{"add_tags":"a"}""", "list_type body.add_tags"),
            ($$"""{"add_tags":["{{new string('x', 65)}}"]}""", "string_too_long body.add_tags.0"),
            ("""{"add_tags":["a",""]}""", "string_too_short body.add_tags"),
            ("""{"add_tags":["a"],"remove_tags":["a"]}""", "value_error body.remove_tags"),
            ("""{"link_artifacts":[{"type":"a:b","id":"x"}]}""", "string_pattern_mismatch body.link_artifacts.0.type"),
            ("""{"link_artifacts":[{"id":"x","confidence":2},7]}""",
                "missing body.link_artifacts.0.type|object_type body.link_artifacts.1|value_error body.link_artifacts.0.confidence"),
            ("""{"unlink_artifacts":{}}""", "list_type body.unlink_artifacts"),
            ("""{"title":"a\u0000b"}""", "value_error body.title"),
            ("""[]""", "object_type body"),
            ("{}", "value_error body"),
            ("""{"tags":["local_only"]}""", "value_error body"),
            ("""{"add_tag":"local_only"}""", "value_error body"),
            ("""{"title":"x","local_only":true}""", "value_error body"),
            ("""{"title":"x","\ud800":1}""", "json_invalid body"),
            ("""{"\ud800":1}""", "json_invalid body"),
        ];

        foreach (var (body, errors) in rows)
        {
            var reply = await backend.PatchAsync("/conversations/main", body, Ada);
            Assert.True(reply.Status == HttpStatusCode.UnprocessableEntity, reply.Text);
            Assert.Equal(errors.Split('|').Order(StringComparer.Ordinal), reply.Errors.Order(StringComparer.Ordinal));
        }

        using var text = new HttpRequestMessage(HttpMethod.Patch, "/conversations/main") { Content = new StringContent("{}") };
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await backend.SendAsync(text, Ada)).Status);
        Assert.Equal("What changed?", (string?)(await backend.PatchAsync("/conversations/main", """{"title":null}""", Ada)).Json["topic"]);
        Assert.Equal("What changed?", (string?)(await backend.GetAsync("/conversations/main", Ada)).Json["topic"]);
    }

    /// <summary>A mark that its owner believes to be set, and that is not, lets the conversation go.</summary>
    [ContractFact]
    public async Task Patch_TagThatIsAlmostTheMark_IsRefusedWithTheRightOneAndCanBeRemoved()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "What changed?", "main");

        foreach (var slip in (string[])["Local_Only", "local-only", " local_only", "local only", "LOCALONLY", "local\u2011only", "local_onl", "local_olny", "lcoal_only"])
        {
            var refused = await backend.PatchAsync("/conversations/main", $$"""{"title":"x","add_tags":["urgent","{{slip}}"]}""", Ada);
            Assert.True(refused.Status == HttpStatusCode.UnprocessableEntity, slip);
            Assert.Equal(["value_error body.add_tags"], refused.Errors);
            Assert.Contains("did you mean local_only?", refused.Text, StringComparison.Ordinal);
        }

        Assert.Contains("\\\"add_tags\\\":[\\\"local_only\\\"]", (await backend.PatchAsync("/conversations/main", """{"tags":["local_only"]}""", Ada)).Text, StringComparison.Ordinal);
        var marked = await backend.PatchAsync("/conversations/main", """{"add_tags":["local_only","locality","local_one"],"remove_tags":["local-only"]}""", Ada);
        Assert.Equal(("What changed?", """["local_one","local_only","locality"]"""), ((string?)marked.Json["topic"], marked.Json["tags"]!.ToJsonString()));
    }

    /// <summary>T70.</summary>
    [ContractFact]
    public async Task Delete_Conversation_GivesOneReceiptAndIsGoneForGood()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "Swordfish?", "main");
        await AskAsync(backend, "Swordfish?", "kept");

        var receipt = await backend.DeleteAsync("/conversations/main", Ada);
        var again = await backend.DeleteAsync("/conversations/main", Ada);

        Assert.Equal(HttpStatusCode.OK, receipt.Status);
        Assert.Equal(["status", "conversation_id", "operation_id", "messages_erased"], receipt.Json.Select(field => field.Key));
        Assert.Equal(("erased", "main", 2), ((string?)receipt.Json["status"], (string?)receipt.Json["conversation_id"], (int)receipt.Json["messages_erased"]!));
        Assert.Equal(receipt.Text, again.Text);
        foreach (var gone in new[]
        {
            await backend.GetAsync("/conversations/main", Ada),
            await backend.GetAsync("/conversations/main/export", Ada),
            await backend.PatchAsync("/conversations/main", """{"title":"x"}""", Ada),
            await backend.AskAsync(TestBackend.Question("Again?", "main"), key: Ada),
        })
        {
            Assert.Equal((HttpStatusCode.Gone, "conversation_erased"), (gone.Status, gone.Code));
        }

        Assert.Equal("conversation_not_found", (await backend.DeleteAsync("/conversations/never", Ada)).Code);
        Assert.Equal(["kept"], (await backend.GetAsync("/conversations", Ada)).Json["conversations"]!.AsArray().Select(one => (string?)one!["id"]));
        Assert.All(await SearchAsync(backend, "/conversations/search?q=swordfish", Ada), static found => Assert.Equal("kept", (string?)found!["conversation_id"]));
        Assert.Equal(
            [(ArchiveActKind.ConversationErased, "ada", "main", (string?)receipt.Json["operation_id"]), (ArchiveActKind.ConversationErased, "ada", "main", (string?)receipt.Json["operation_id"])],
            backend.Acts.Select(act => (act.Kind, act.Owner.ToString(), act.ConversationId.ToString()!, act.OperationId.ToString())));
    }

    /// <summary>T69.</summary>
    [ContractFact]
    public async Task Owners_OfOneId_ReachTheirOwnOnly()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "From ada", "main");
        await AskAsync(backend, "From bob", "main", "bob");
        await AskAsync(backend, "Only ada", "private");

        Assert.Equal("conversation_not_found", (await backend.PatchAsync("/conversations/private", """{"title":"x"}""", Bob)).Code);
        Assert.Equal("conversation_not_found", (await backend.DeleteAsync("/conversations/private", Bob)).Code);
        Assert.Equal("conversation_not_found", (await backend.GetAsync("/conversations/private/export", Bob)).Code);
        Assert.Equal("user_mismatch", (await backend.DeleteAsync("/conversations/main?user_id=ada", Bob)).Code);
        Assert.Equal("user_mismatch", (await backend.GetAsync("/conversations/main/export?user_id=ada", Bob)).Code);
        Assert.Equal("user_mismatch", (await backend.PatchAsync("/conversations/main?user_id=ada", "{}", Bob)).Code);
        Assert.Equal("user_mismatch", (await backend.GetAsync("/conversations/search?q=from&user_id=ada", Bob)).Code);
        Assert.Equal("user_mismatch", (await backend.GetAsync("/users/ada/export", Bob)).Code);
        Assert.Equal("user_mismatch", (await backend.DeleteAsync("/users/ada", Bob)).Code);
        Assert.Equal("ambiguous_conversation", (await backend.GetAsync("/conversations/main", All)).Code);
        Assert.Equal("ambiguous_conversation", (await backend.PatchAsync("/conversations/main", """{"title":"x"}""", All)).Code);
        Assert.Equal("ambiguous_conversation", (await backend.GetAsync("/conversations/main/export", All)).Code);
        Assert.Equal("ambiguous_conversation", (await backend.DeleteAsync("/conversations/main", All)).Code);
        Assert.Equal("Bob's", (string?)(await backend.PatchAsync("/conversations/main?user_id=bob", """{"title":"Bob's"}""", All)).Json["topic"]);
        Assert.Equal("From ada", (string?)(await backend.GetAsync("/conversations/main", Ada)).Json["topic"]);
        Assert.Equal(2, (int)(await backend.DeleteAsync("/conversations/main?user_id=bob", All)).Json["messages_erased"]!);
        Assert.Equal("From ada", (string?)(await backend.GetAsync("/conversations/main", Ada)).Json["topic"]);
        Assert.Equal(["ada", "ada"], (await SearchAsync(backend, "/conversations/search?q=ada", All)).Select(found => (string?)found!["owner"]));
    }

    /// <summary>T69: paging shows each conversation once.</summary>
    [ContractFact]
    public async Task List_Pages_ShowEachConversationOnceNewestFirst()
    {
        await using var backend = await StartAsync();
        for (var n = 0; n < 5; n++)
            await AskAsync(backend, "q", $"c{n}");
        await AskAsync(backend, "q", "of-bob", "bob");

        var seen = new List<string?>();
        string? cursor = null;
        do
        {
            var page = (await backend.GetAsync($"/conversations?limit=2&cursor={cursor}", Ada)).Json;
            seen.AddRange(page["conversations"]!.AsArray().Select(one => (string?)one!["id"]));
            cursor = (string?)page["next_cursor"];
        }
        while (cursor is not null);

        Assert.Equal(["c4", "c3", "c2", "c1", "c0"], seen);
    }

    [ContractFact]
    public async Task Export_Conversation_IsTheWholeObjectAsAnAttachment()
    {
        await using var backend = await StartAsync();
        for (var n = 0; n < 3; n++)
            await AskAsync(backend, "Größe?", "main");
        var whole = (await backend.GetAsync("/conversations/main", Ada)).Json;

        var export = await backend.GetAsync("/conversations/main/export", Ada);

        Assert.Equal("attachment; filename=\"main.json\"", export.Headers["Content-Disposition"]);
        Assert.Equal("application/json", export.Headers["Content-Type"]);
        Assert.Equal(whole.ToJsonString(), export.Json.ToJsonString());
        Assert.Contains("Gr\\u00F6\\u00DFe?", export.Text, StringComparison.Ordinal);
        Assert.EndsWith("\n}\n", export.Text, StringComparison.Ordinal);
        Assert.Equal("conversation_not_found", (await backend.GetAsync("/conversations/never/export", Ada)).Code);
        var act = Assert.Single(backend.Acts);
        Assert.Equal((ArchiveActKind.ConversationExported, "ada", "main", 6), (act.Kind, act.Owner.ToString(), act.ConversationId.ToString(), act.Count));
    }

    [ContractFact]
    public async Task Export_User_HoldsAllOfTheirsAndNothingElse()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "One", "b");
        await AskAsync(backend, "Two", "a");
        await AskAsync(backend, "Three", "gone");
        await AskAsync(backend, "Bob's", "a", "bob");
        await backend.DeleteAsync("/conversations/gone", Ada);

        var export = (await backend.GetAsync("/users/ada/export", Ada)).Json;
        var own = (await backend.GetAsync("/users/anonymous/export", Ada)).Json;
        var nobody = (await backend.GetAsync("/users/nobody%2Fat%20all/export", All)).Json;

        Assert.Equal(["user_id", "exported_at", "conversations", "peers"], export.Select(field => field.Key));
        Assert.Equal(["a", "b"], export["conversations"]!.AsArray().Select(one => (string?)one!["id"]));
        Assert.Equal(
            (await backend.GetAsync("/conversations/a", Ada)).Json.ToJsonString(), export["conversations"]![0]!.ToJsonString());
        Assert.Empty(export["peers"]!.AsArray());
        Assert.Equal("ada", (string?)own["user_id"]);
        Assert.Equal("nobody/at all", (string?)nobody["user_id"]);
        Assert.Empty(nobody["conversations"]!.AsArray());
        Assert.Equal([2, 2, 0], backend.Acts.Where(act => act.Kind == ArchiveActKind.UserExported && act.IsComplete).Select(act => act.Count));
    }

    [ContractFact]
    public async Task Delete_User_ErasesAllOfTheirsAndNothingElse()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "One", "a");
        await AskAsync(backend, "Two", "b");
        await AskAsync(backend, "Bob's", "a", "bob");

        var receipt = await backend.DeleteAsync("/users/ada", All);
        var again = await backend.DeleteAsync("/users/anonymous", Ada);

        Assert.Equal(["status", "user_id", "operation_id", "conversations_erased"], receipt.Json.Select(field => field.Key));
        Assert.Equal(("erased", "ada", 2), ((string?)receipt.Json["status"], (string?)receipt.Json["user_id"], (int)receipt.Json["conversations_erased"]!));
        Assert.Equal(("ada", 0), ((string?)again.Json["user_id"], (int)again.Json["conversations_erased"]!));
        Assert.Equal("conversation_erased", (await backend.GetAsync("/conversations/a", Ada)).Code);
        Assert.Equal("conversation_erased", (await backend.AskAsync(TestBackend.Question("Again", "b"), key: Ada)).Code);
        Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question("New", "c"), key: Ada)).Status);
        Assert.Equal("Bob's", (string?)(await backend.GetAsync("/conversations/a", Bob)).Json["topic"]);
        Assert.Equal([(ArchiveActKind.UserErased, "ada", 2), (ArchiveActKind.UserErased, "ada", 0)],
            backend.Acts.Select(act => (act.Kind, act.Owner.ToString(), act.Count)));
    }

    [ContractFact]
    public async Task Search_WithFilters_GivesTheRankedPassages()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "The parser merges two rules when the grammar is ambiguous.", "a");
        var between = backend.Time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", System.Globalization.CultureInfo.InvariantCulture);
        backend.Time.Advance(TimeSpan.FromMinutes(1));
        await AskAsync(backend, new string('x', 1000) + " parser " + new string('y', 1000), "b", surface: "browser_ext");
        await AskAsync(backend, "The parser of bob.", "c", "bob");
        const string Questions = "/conversations/search?q=parser%20grammar";

        var all = await SearchAsync(backend, Questions, Ada);
        var result = all[0]!.AsObject();

        Assert.Equal(["a", "b"], all.Select(found => (string?)found!["conversation_id"]));
        Assert.Equal(["conversation_id", "owner", "message_id", "role", "surface", "timestamp", "excerpt", "score"], result.Select(field => field.Key));
        Assert.Equal(("ada", "user", "windsurf", "The parser merges two rules when the grammar is ambiguous."),
            ((string?)result["owner"], (string?)result["role"], (string?)result["surface"], (string?)result["excerpt"]));
        Assert.Equal((string?)(await backend.GetAsync("/conversations/a", Ada)).Json["messages"]![0]!["id"], (string?)result["message_id"]);
        Assert.InRange(((string?)all[1]!["excerpt"])!.Length, 10, 302);
        Assert.Contains("parser", (string?)all[1]!["excerpt"], StringComparison.Ordinal);
        Assert.Equal(["b"], await IdsAsync(backend, Questions + "&surface_id=browser_ext", Ada));
        Assert.Equal(["b"], await IdsAsync(backend, $"{Questions}&from={between}", Ada));
        Assert.Equal(["a"], await IdsAsync(backend, $"{Questions}&to={between}", Ada));
        Assert.Equal(["a"], await IdsAsync(backend, Questions + "&limit=1", Ada));
        Assert.Equal(["c"], await IdsAsync(backend, Questions + "&user_id=bob", All));
        Assert.Equal(3, (await IdsAsync(backend, Questions, All)).Count);
        Assert.Empty(await IdsAsync(backend, "/conversations/search?q=zebra", Ada));
    }

    [ContractFact]
    public async Task Search_BadQueries_SayWhat()
    {
        await using var backend = await StartAsync();
        (string Path, string Errors)[] rows =
        [
            ("/conversations/search", "missing query.q"),
            ("/conversations/search?q=", "string_too_short query.q"),
            ("/conversations/search?q=%20", "string_too_short query.q"),
            ("/conversations/search?q=" + new string('x', 1025), "string_too_long query.q"),
            ("/conversations/search?q=x&limit=101", "int_range query.limit"),
            ("/conversations/search?q=x&from=yesterday", "value_error query.from"),
            ("/conversations/search?q=x&from=2026-01-02&to=2026-01-01", "value_error query.to"),
            ("/conversations/search?q=x&q=y", "duplicate_key query.q"),
        ];

        foreach (var (path, errors) in rows)
        {
            var reply = await backend.GetAsync(path, Ada);
            Assert.Equal((HttpStatusCode.UnprocessableEntity, errors), (reply.Status, string.Join('|', reply.Errors)));
        }
    }

    [ContractFact]
    public async Task Conversation_NamedSearch_StaysReachable()
    {
        await using var backend = await StartAsync();
        await AskAsync(backend, "Which search?", "search");

        Assert.Equal("Which search?", (string?)(await backend.GetAsync("/conversations/search", Ada)).Json["topic"]);
        Assert.Equal(["search"], (await IdsAsync(backend, "/conversations/search?q=which%20search", Ada)).Distinct());
        Assert.Equal(2, (int)(await backend.DeleteAsync("/conversations/search", Ada)).Json["messages_erased"]!);
        Assert.Equal("conversation_erased", (await backend.GetAsync("/conversations/search", Ada)).Code);
    }

    private protected async Task<TestBackend> StartAsync() => await TestBackend.StartCloudOverStoreAsync(await StoreSettingsAsync());

    private static async Task AskAsync(TestBackend backend, string message, string conversation, string user = "ada", string surface = "windsurf")
    {
        var reply = await backend.AskAsync(TestBackend.Question(message, conversation, user, surface), key: All);
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        backend.Time.Advance(TimeSpan.FromMilliseconds(10));
    }

    private static async Task<JsonArray> SearchAsync(TestBackend backend, string path, string key)
    {
        var reply = await backend.GetAsync(path, key);
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        return reply.Json["results"]!.AsArray();
    }

    private static async Task<List<string?>> IdsAsync(TestBackend backend, string path, string key) =>
        [.. (await SearchAsync(backend, path, key)).Select(found => (string?)found!["conversation_id"])];
}

public sealed class LogArchiveRoutesTests : ArchiveRoutes
{
    private protected override Task<(string Name, string Value)[]> StoreSettingsAsync() => Task.FromResult<(string, string)[]>([]);
}

public sealed class PostgresArchiveRoutesTests(PostgresServer server) : ArchiveRoutes, IClassFixture<PostgresServer>
{
    private protected override async Task<(string Name, string Value)[]> StoreSettingsAsync() =>
        [(SettingNames.DatabaseUrl, await server.CreateDatabaseAsync())];
}
