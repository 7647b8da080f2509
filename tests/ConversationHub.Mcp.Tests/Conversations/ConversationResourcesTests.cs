using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing.Golden;

namespace ConversationHub.Mcp.Tests.Conversations;

public sealed class ConversationResourcesTests
{
    private const string Folder = "tests/ConversationHub.Mcp.Tests/Conversations";

    private const string Id = "conv_2026-01-05_ada_406e64f1";

    private const string Modern =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{} }""";

    [Fact]
    public async Task ResourcesList_Modern_HoldsTheRecentOnesAndMustNotBeKept()
    {
        await using var rig = new HubRig();
        await rig.RequestAsync(1, "resources/list", $$"""{"_meta":{{Modern}} }""");
        GoldenFile.Assert($"{Folder}/resources-list.golden.json", GoldenJson.Indented(await rig.ResultAsync(1)));
    }

    [Fact]
    public async Task TemplatesList_Modern_MayBeKept()
    {
        await using var rig = new HubRig();
        await rig.RequestAsync(1, "resources/templates/list", $$"""{"_meta":{{Modern}} }""");
        GoldenFile.Assert($"{Folder}/templates-list.golden.json", GoldenJson.Indented(await rig.ResultAsync(1)));
    }

    [Fact]
    public async Task ResourcesList_NoBackend_StillListsTheListAndSaysSoInTheLog()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        rig.Conversations.Error = new RoutingError(RoutingErrorCode.AllTargetsFailed, "local: connection refused", null);
        await rig.RequestAsync(1, "resources/list");

        Assert.Equal([ConversationUri.List], (await rig.ResultAsync(1))["resources"]!.AsArray().Select(each => (string)each!["uri"]!));
        Assert.Contains(rig.Logs.Snapshot(), record => record.Event.Id == 4011);
    }

    /// <summary>Text that looks like the frame around it stays inside its quotation.</summary>
    [Fact]
    public async Task Read_AConversation_IsMarkdownWithEveryWordQuoted()
    {
        await using var rig = new HubRig();
        GoldenFile.Assert($"{Folder}/conversation.golden.md", await ReadAsync(rig, $"maestra://conversations/{Id}", "text/markdown"));
    }

    [Fact]
    public async Task Read_TheList_IsMarkdown()
    {
        await using var rig = new HubRig();
        GoldenFile.Assert($"{Folder}/conversations.golden.md", await ReadAsync(rig, "maestra://conversations", "text/markdown"));
    }

    [Fact]
    public async Task Read_AsJson_IsTheWireFormat()
    {
        await using var rig = new HubRig();
        var document = JsonNode.Parse(await ReadAsync(rig, $"maestra://conversations/{Id}.json", "application/json"))!;
        Assert.Equal("What changed in the parser?", (string)document["messages"]![0]!["content"]!);
        var page = JsonNode.Parse(await ReadAsync(rig, "maestra://conversations.json", "application/json", id: 2))!;
        Assert.Equal(Id, (string)page["conversations"]![0]!["id"]!);
    }

    [Theory]
    [InlineData("maestra://conversations/nope", "There is no conversation `nope`")]
    [InlineData("maestra://conversations/a/b", "There is no resource")]
    [InlineData("maestra://conversations/", "There is no resource")]
    [InlineData("maestra://conversations/../etc", "There is no resource")]
    [InlineData("file:///etc/passwd", "There is no resource")]
    public async Task Read_NoSuchResource_IsTheErrorOfTheEraWithTheAddress(string uri, string text)
    {
        await using var legacy = new HubRig();
        await legacy.ShakeHandsAsync();
        await legacy.RequestAsync(1, "resources/read", $$"""{"uri":"{{uri}}"}""");
        var old = (await legacy.AnswerAsync(1))["error"]!;
        await using var modern = new HubRig();
        await modern.RequestAsync(1, "resources/read", $$"""{"uri":"{{uri}}","_meta":{{Modern}} }""");
        var current = (await modern.AnswerAsync(1))["error"]!;

        Assert.Equal((-32002, -32602), ((int)old["code"]!, (int)current["code"]!));
        Assert.Equal(uri, (string)current["data"]!["uri"]!);
        Assert.StartsWith(text, (string)current["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_NoBackend_SaysWhatIsDownAndWhatToDo()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        rig.Conversations.Error = new RoutingError(RoutingErrorCode.AllTargetsFailed, "local: connection refused", null);
        await rig.RequestAsync(1, "resources/read", """{"uri":"maestra://conversations"}""");
        var error = (await rig.AnswerAsync(1))["error"]!;

        Assert.Equal(-32603, (int)error["code"]!);
        Assert.Contains("local: connection refused", (string)error["message"]!, StringComparison.Ordinal);
        Assert.Contains("maestra_health", (string)error["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void Excerpt_MoreThanTheBound_ShowsTheNewestWholeAndNamesTheRest()
    {
        var document = FakeConversationReader.Document("c1", [.. Enumerable.Range(0, 10).Select(number =>
            FakeConversationReader.Message(MessageRole.User, new string('é', 10_000), number))]);
        var excerpt = ConversationExcerpt.Of(document, asJson: false);

        Assert.Equal(document.Messages.Skip(7), excerpt.Document.Messages);
        Assert.Equal($"maestra://conversations/c1/before/{document.Messages[7].Id}", excerpt.Older!.ToString());
        Assert.True(ConversationUri.TryParse(excerpt.Older.ToString(), out var parsed));
        Assert.Equal(excerpt.Older, parsed);
    }

    [Fact]
    public void Excerpt_OneMessageBeyondTheBound_IsShownWhole()
    {
        var document = FakeConversationReader.Document("c1", FakeConversationReader.Message(MessageRole.User, new string('x', 500_000), 1));
        var excerpt = ConversationExcerpt.Of(document, asJson: false);
        Assert.Equal(document.Messages, excerpt.Document.Messages);
        Assert.Null(excerpt.Older);
    }

    private static async Task<string> ReadAsync(HubRig rig, string uri, string mimeType, int id = 1)
    {
        if (id == 1)
            await rig.ShakeHandsAsync();
        await rig.RequestAsync(id, "resources/read", $$"""{"uri":"{{uri}}"}""");
        var contents = (await rig.ResultAsync(id))["contents"]!.AsArray().Single()!;
        Assert.Equal((uri, mimeType), ((string)contents["uri"]!, (string)contents["mimeType"]!));
        return (string)contents["text"]!;
    }
}
