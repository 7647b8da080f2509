using System.Text.Json.Nodes;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing.Golden;

namespace ConversationHub.Mcp.Tests.Conversations;

public sealed class ConversationCompletionTests
{
    private const string Folder = "tests/ConversationHub.Mcp.Tests/Conversations";

    private const string Id = "conv_2026-01-05_ada_406e64f1";

    private const string Modern =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{} }""";

    private const string OneTemplate = """{"type":"ref/resource","uri":"maestra://conversations/{id}"}""";

    [Fact]
    public async Task Complete_Modern_IsTheIdsOfRecentConversations()
    {
        await using var rig = new HubRig();
        await rig.RequestAsync(1, "completion/complete", Parameters(OneTemplate, "id", "conv_2026", $$""","_meta":{{Modern}}"""));
        GoldenFile.Assert($"{Folder}/completion.golden.json", GoldenJson.Indented(await rig.ResultAsync(1)));
    }

    [Theory]
    [InlineData(OneTemplate, "id", "", true)]
    [InlineData(OneTemplate, "id", "CONV_2026-01-05", true)]
    [InlineData(OneTemplate, "id", "the parser", true)]
    [InlineData(OneTemplate, "id", "nothing like it", false)]
    [InlineData("""{"type":"ref/resource","uri":"maestra://conversations/{id}/before/{message_id}"}""", "id", "conv", true)]
    [InlineData("""{"type":"ref/resource","uri":"maestra://conversations/{id}/before/{message_id}"}""", "message_id", "019b", false)]
    [InlineData("""{"type":"ref/prompt","name":"summarise_conversation"}""", "conversation_id", "conv", true)]
    [InlineData("""{"type":"ref/prompt","name":"continue_conversation"}""", "message", "conv", false)]
    public async Task Complete_BeginsTheIdOrStandsInTheTopic_IsFound(string reference, string argument, string typed, bool isFound)
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        var completion = await CompleteAsync(rig, 1, reference, argument, typed);

        Assert.Equal(isFound ? [Id] : [], completion["values"]!.AsArray().Select(static value => (string)value!));
        Assert.Equal(isFound ? 1 : 0, (int)completion["total"]!);
        Assert.False((bool)completion["hasMore"]!);
    }

    /// <summary>At most a hundred values, and whether there are more.</summary>
    [Fact]
    public async Task Complete_VeryManyConversations_IsBounded()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        rig.Conversations.Known.Clear();
        rig.Conversations.Known.AddRange(Enumerable.Range(0, ConversationCompletion.MaxSearched + 1)
            .Select(static number => FakeConversationReader.Document($"many-{number}")));

        var all = await CompleteAsync(rig, 1, OneTemplate, "id", "many");
        Assert.Equal(ConversationCompletion.MaxValues, all["values"]!.AsArray().Count);
        Assert.True((bool)all["hasMore"]!);
        Assert.Null(all["total"]);

        rig.Conversations.Known.RemoveAt(0);
        var some = await CompleteAsync(rig, 2, OneTemplate, "id", "many");
        Assert.Equal(ConversationCompletion.MaxValues, some["values"]!.AsArray().Count);
        Assert.True((bool)some["hasMore"]!);
        Assert.Equal(ConversationCompletion.MaxSearched, (int)some["total"]!);
        Assert.Equal([$"list  {ConversationCompletion.MaxSearched}", $"list  {ConversationCompletion.MaxSearched}"], rig.Conversations.Read);
    }

    /// <summary>A value longer than any id can fit nothing, and no backend is asked.</summary>
    [Fact]
    public async Task Complete_ValueIsTooLong_AsksNobody()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();

        Assert.Empty((await CompleteAsync(rig, 1, OneTemplate, "id", new string('a', 100_000)))["values"]!.AsArray());
        Assert.Empty(rig.Conversations.Read);
    }

    [Theory]
    [InlineData("""{"type":"ref/resource","uri":"file:///{path}"}""", "path", "There is no resource template `file:///{path}`")]
    [InlineData(OneTemplate, "name", "has no variable `name`; it has id.")]
    [InlineData("""{"type":"ref/prompt","name":"nope"}""", "conversation_id", "There is no prompt `nope`")]
    [InlineData("""{"type":"ref/prompt","name":"summarise_conversation"}""", "nope", "has no argument `nope`; it has conversation_id.")]
    public async Task Complete_NoSuchThing_IsAProtocolErrorThatNamesIt(string reference, string argument, string text)
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.RequestAsync(1, "completion/complete", Parameters(reference, argument, ""));
        var error = (await rig.AnswerAsync(1))["error"]!;

        Assert.Equal(-32602, (int)error["code"]!);
        Assert.Contains(text, (string)error["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Complete_NoBackend_SaysSo()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        rig.Conversations.Error = new RoutingError(RoutingErrorCode.AllTargetsFailed, "local: connection refused", null);
        await rig.RequestAsync(1, "completion/complete", Parameters(OneTemplate, "id", ""));

        Assert.Contains("local: connection refused", (string)(await rig.AnswerAsync(1))["error"]!["message"]!, StringComparison.Ordinal);
    }

    private static async Task<JsonObject> CompleteAsync(HubRig rig, int id, string reference, string argument, string typed)
    {
        await rig.RequestAsync(id, "completion/complete", Parameters(reference, argument, typed));
        return (await rig.ResultAsync(id))["completion"]!.AsObject();
    }

    private static string Parameters(string reference, string argument, string typed, string more = "") =>
        $$"""{"ref":{{reference}},"argument":{"name":"{{argument}}","value":"{{typed}}"}{{more}}}""";
}
