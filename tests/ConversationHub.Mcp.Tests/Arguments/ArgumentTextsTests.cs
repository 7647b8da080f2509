using System.Text;
using System.Text.Json;
using ConversationHub.Mcp.Arguments;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Testing.Golden;

namespace ConversationHub.Mcp.Tests.Arguments;

/// <summary>T75: what a model reads when its arguments do not fit.</summary>
public sealed class ArgumentTextsTests
{
    private static readonly (string Tool, string Arguments)[] Unfit =
    [
        ("maestra_ask", "{}"),
        ("maestra_ask", """{"message":"   "}"""),
        ("maestra_ask", """{"message":{"text":"hi"}}"""),
        ("maestra_ask", """{"message":"a\u0000b"}"""),
        ("maestra_ask", """{"message":"hi","conversation_id":"../x"}"""),
        ("maestra_ask", """{"message":"hi","conversation_id":"Index"}"""),
        ("maestra_ask", """{"message":"hi","conversationId":["c"]}"""),
        ("maestra_ask", """{"message":"hi","user_id":"a\nb"}"""),
        ("maestra_ask", """{"message":"hi","surface_id":{}}"""),
        ("maestra_ask", """{"message":"hi","mode_hint":"error"}"""),
        ("maestra_ask", """{"message":"hi","route":"cloud-first"}"""),
        ("maestra_ask", """{"message":"hi","surface_context":"src/a.cs"}"""),
        ("maestra_ask", """{"message":"hi","surface_context":{"language":"C#","file_path":[1,2]}}"""),
        ("maestra_ask", """{"message":"hi","mesage":"hi","temperature":0.5}"""),
        ("maestra_ask", """{"message":"hi","user_id":"a","userId":"b"}"""),
        ("maestra_health", """{"refresh":"maybe","verbose":true}"""),
        ("maestra_legacy_ask", "{}"),
        ("maestra_legacy_ask", """{"question":"hi","session_id":"a b","mode":"slow","context_hints":[{}]}"""),
    ];

    [Fact]
    public async Task Call_ArgumentsThatDoNotFit_ReadsAsTheGoldenFile()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        var text = new StringBuilder();
        var id = 0;
        foreach (var (tool, arguments) in Unfit)
        {
            await rig.CallAsync(++id, tool, arguments);
            var result = await rig.ResultAsync(id);
            Assert.True((bool)result["isError"]!);
            text.Append(tool).Append(' ').Append(arguments).Append('\n')
                .Append((string)result["content"]![0]!["text"]!).Append("\n\n");
        }

        Assert.Empty(rig.Router.Asked.Snapshot());
        GoldenFile.Assert("tests/ConversationHub.Mcp.Tests/Arguments/unfit-arguments.golden.txt", text.ToString());
    }

    [Theory]
    [InlineData(262_144, true)]
    [InlineData(262_145, false)]
    public void Read_LongMessage_FitsUpToTheLimit(int bytes, bool fits)
    {
        var arguments = JsonElement.Parse($$"""{"message":"{{new string('a', bytes)}}"}""");
        var read = AskArguments.Read(Members(arguments), out var problems);
        Assert.Equal(fits, read is not null);
        Assert.Equal(fits ? 0 : 1, problems.Count);
    }

    [Theory]
    [InlineData("""{"message":"","question":"b"}""", "b")]
    [InlineData("""{"query":"d","question":"b","prompt":"c"}""", "b")]
    [InlineData("""{"MESSAGE":"a"}""", "a")]
    [InlineData("""{"message":42}""", "42")]
    public void Read_Aliases_FirstThatIsNotEmptyWins(string arguments, string message) =>
        Assert.Equal(message, AskArguments.Read(Members(JsonElement.Parse(arguments)), out _)!.Message);

    [Fact]
    public void Read_HundredsOfUnknownArguments_AreNotAllListed()
    {
        var many = string.Join(',', Enumerable.Range(0, 500).Select(i => $"\"x{i}\":1"));
        Assert.Null(AskArguments.Read(Members(JsonElement.Parse($$"""{"message":"hi",{{many}}}""")), out var problems));
        Assert.Contains("and 488 more", Mcp.Texts.ArgumentTexts.NotCalled("maestra_ask", problems), StringComparison.Ordinal);
    }

    private static IEnumerable<KeyValuePair<string, JsonElement>> Members(JsonElement arguments) =>
        arguments.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, member.Value));
}
