using System.Text.Json.Nodes;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing.Time;

namespace ConversationHub.Mcp.Tests.Tools;

public sealed class AskToolTests
{
    [Fact]
    public async Task Call_OnlyAMessage_FillsInWhatTheWireAsksFor()
    {
        await using var rig = new HubRig(settings: HubRig.DefaultSettings with { UserId = "ada@example.com" });
        await rig.ShakeHandsAsync("Cursor");
        await rig.CallAsync(1, "maestra_ask", """{"message":"What changed?"}""");
        var structured = (await rig.ResultAsync(1))["structuredContent"]!;
        var question = await rig.Router.Asked.ItemAsync(1);
        var body = JsonNode.Parse(question.Body.Span)!;

        Assert.Equal(AskEndpoint.Core, question.Endpoint);
        Assert.Equal("ada@example.com", (string)body["user_id"]!);
        Assert.Equal("Cursor", (string)body["surface_id"]!);
        Assert.Equal("What changed?", (string)body["message"]!);
        Assert.Matches("^conv_[0-9-]{10}_ada_[0-9a-f]{8}$", (string)body["conversation_id"]!);
        Assert.Equal(question.OperationId.ToString(), (string)structured["operation_id"]!);
        Assert.Equal(question.RequestId.ToString(), (string)structured["request_id"]!);
        Assert.Equal(7, question.OperationId.Value.Version);
        Assert.Null(question.Route);
        Assert.InRange(question.Budget, TimeSpan.Zero, TimeSpan.FromSeconds(50));
    }

    [Fact]
    public async Task Call_EveryArgumentInCamelCase_ReachesTheBackend()
    {
        await using var rig = new HubRig(settings: HubRig.DefaultSettings with { SurfaceId = "setting" });
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, "maestra_ask", """
            {"prompt":"hi","conversationId":"c-1","userId":5,"surfaceId":"cli","modeHint":"tutorial","route":"LOCAL_ONLY",
             "surfaceContext":"{\"filePath\":\"a.cs\",\"selection\":\"x\"}"}
            """.ReplaceLineEndings(""));
        await rig.ResultAsync(1);
        var question = await rig.Router.Asked.ItemAsync(1);
        var body = JsonNode.Parse(question.Body.Span)!;

        Assert.Equal("hi", (string)body["message"]!);
        Assert.Equal("c-1", (string)body["conversation_id"]!);
        Assert.Equal("5", (string)body["user_id"]!);
        Assert.Equal("cli", (string)body["surface_id"]!);
        Assert.Equal("tutorial", (string)body["mode_hint"]!);
        Assert.Equal("a.cs", (string)body["surface_context"]!["file_path"]!);
        Assert.Equal("x", (string)body["surface_context"]!["selection"]!);
        Assert.Equal(Route.LocalOnly, question.Route);
    }

    /// <summary>T75: the first name that is not empty, in the order of wire.md §12.</summary>
    [Theory]
    [InlineData("maestra_ask", "message", """{"query":"4","prompt":"3","question":"2","message":"1"}""", "1")]
    [InlineData("maestra_ask", "message", """{"query":"4","prompt":"3","question":"2"}""", "2")]
    [InlineData("maestra_ask", "message", """{"query":"4","prompt":"3"}""", "3")]
    [InlineData("maestra_ask", "message", """{"query":"4"}""", "4")]
    [InlineData("maestra_ask", "message", """{"message":null,"question":"","prompt":"  ","query":"4"}""", "4")]
    [InlineData("maestra_ask", "message", """{"Message":8825}""", "8825")]
    [InlineData("maestra_legacy_ask", "question", """{"question":"2","message":"1"}""", "1")]
    [InlineData("maestra_legacy_ask", "question", """{"query":"4","prompt":"3","question":"2"}""", "2")]
    [InlineData("maestra_legacy_ask", "question", """{"query":"4"}""", "4")]
    public async Task Call_QuestionUnderSeveralNames_TheFirstThatIsNotEmptyIsAsked(string tool, string member, string arguments, string asked)
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, tool, arguments);
        await rig.ResultAsync(1);
        var question = await rig.Router.Asked.ItemAsync(1);

        Assert.Equal(asked, (string)JsonNode.Parse(question.Body.Span)![member]!);
    }

    /// <summary>T75: the earlier advisor's session is a conversation, under either name.</summary>
    [Theory]
    [InlineData("""{"question":"hi","session_id":"s-1","conversation_id":"c-1"}""", "s-1")]
    [InlineData("""{"question":"hi","conversationId":"c-1"}""", "c-1")]
    [InlineData("""{"question":"hi","session_id":"","conversation-id":"c-1"}""", "c-1")]
    public async Task Call_LegacySession_MayBeCalledAConversation(string arguments, string session)
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, "maestra_legacy_ask", arguments);
        await rig.ResultAsync(1);
        var question = await rig.Router.Asked.ItemAsync(1);

        Assert.Equal(session, (string)JsonNode.Parse(question.Body.Span)!["session_id"]!);
    }

    /// <summary>Control characters take six bytes each in JSON: what is within the limit of each argument may be beyond that of a request.</summary>
    [Theory]
    [InlineData(200_000, 65_000, "message")]
    [InlineData(0, 200_000, null)]
    public async Task Call_AllArgumentsTogetherTooLarge_SaysWhichToShorten(int message, int selection, string? named)
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        string Escaped(int length) => string.Concat(Enumerable.Repeat("\\u0001", length));
        await rig.CallAsync(1, "maestra_ask", $$"""{"message":"hi{{Escaped(message)}}","surface_context":{"selection":"{{Escaped(selection)}}"} }""");
        var result = await rig.ResultAsync(1);

        Assert.True((bool)result["isError"]!);
        Assert.Equal("invalid_arguments", (string)result["structuredContent"]!["error"]!["code"]!);
        Assert.Equal(named is not null, ((string)result["content"]![0]!["text"]!).Contains($"Shorten `{named}`", StringComparison.Ordinal));
        Assert.Empty(rig.Router.Asked.Snapshot());
    }

    [Fact]
    public async Task Call_Legacy_SendsTheFormOfTheEarlierAdvisor()
    {
        await using var rig = new HubRig();
        rig.Router.OnAsk = (_, _) => Task.FromResult(FakeRouter.Answered("done", "parser-notes",
            """{"trace_id":"parser-notes","job_id":null,"sources":[{"title":"a\u202eb"}],"processing_time_ms":812}"""));
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, "maestra_legacy_ask", """{"question":"hi","session_id":"parser-notes","mode":"DEEP","context_hints":"C#"}""");
        var structured = (await rig.ResultAsync(1))["structuredContent"]!;
        var question = await rig.Router.Asked.ItemAsync(1);

        Assert.Equal(AskEndpoint.Legacy, question.Endpoint);
        Assert.Equal(
            """{"user_id":"anonymous","session_id":"parser-notes","question":"hi","mode":"deep","context_hints":["C#"],"client_context":null}""",
            JsonNode.Parse(question.Body.Span)!.ToJsonString().Replace("\\u0023", "#", StringComparison.Ordinal));
        Assert.Equal("parser-notes", (string)structured["session_id"]!);
        Assert.Equal("parser-notes", (string)structured["trace_id"]!);
        Assert.Equal(812, (int)structured["processing_time_ms"]!);
        Assert.Equal("ab", (string)structured["sources"]![0]!["title"]!);
    }

    [Theory]
    [InlineData("{}", false)]
    [InlineData("""{"refresh":"yes"}""", true)]
    [InlineData("""{"refresh":1}""", true)]
    [InlineData("""{"refresh":null}""", false)]
    public async Task Call_Health_AsksForAFreshAnswerOnlyWhenTold(string arguments, bool refresh)
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, "maestra_health", arguments);
        await rig.ResultAsync(1);
        Assert.Equal([refresh], rig.Health.Refreshes);
    }

    [Theory]
    [InlineData("""{"progressToken":"p"}""", "test", 300)]
    [InlineData("""{"progressToken":7}""", "test", 300)]
    [InlineData("""{"progressToken":7}""", "claude-ai", 50)]
    [InlineData("{}", "test", 50)]
    public async Task Call_Budget_DependsOnProgressAndClient(string meta, string client, int seconds)
    {
        await using var rig = new HubRig(new ManualTimeProvider());
        await rig.ShakeHandsAsync(client);
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""", meta);
        await rig.ResultAsync(1);
        Assert.Equal(TimeSpan.FromSeconds(seconds) - Telling, (await rig.Router.Asked.ItemAsync(1)).Budget);
    }

    /// <summary>"No answer later than the budget": it runs from when the call was read, however long it took to be handled.</summary>
    [Fact]
    public async Task Call_HandledLongAfterItWasRead_HasThatMuchLess()
    {
        await using var rig = new HubRig(new TardyTime());
        await rig.ShakeHandsAsync();
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""");
        await rig.ResultAsync(1);
        Assert.InRange((await rig.Router.Asked.ItemAsync(1)).Budget, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(49) - Telling);
    }

    /// <summary>What nobody could be told the answer of is asked of nobody: the router passes every backend by with so little time.</summary>
    [Fact]
    public void Left_BudgetIsSpent_IsTooLittleToAskAnybody() =>
        Assert.Equal(TimeSpan.FromTicks(1), CallBudget.Left(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)));

    private static readonly TimeSpan Telling = TimeSpan.FromMilliseconds(CallBudget.TellingMilliseconds);

    /// <summary>A second passes between any two looks at the clock.</summary>
    private sealed class TardyTime : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _seconds);
    }
}
