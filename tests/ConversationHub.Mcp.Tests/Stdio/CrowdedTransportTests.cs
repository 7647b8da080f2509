using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;

namespace ConversationHub.Mcp.Tests.Stdio;

/// <summary>More requests than are worked on at once, and a client that does not read: who waits, who is refused, and what is seen all the same (decision 63).</summary>
public sealed class CrowdedTransportTests
{
    private const string Question = """{"message":"hi"}""";

    /// <summary>The one tool that tells what is wrong must not wait behind what is wrong.</summary>
    [Fact]
    public async Task Call_HealthBehindAsManyQuestionsAsAllowed_IsAnswered()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await FillAsync(rig);
        await rig.CallAsync(5_000, "maestra_ask", Question);

        await rig.CallAsync(5_001, "maestra_health");
        await rig.RequestAsync(5_002, "tools/list");
        await rig.RequestAsync(5_003, "ping");
        await rig.RequestAsync(5_004, "resources/list");

        foreach (var id in new[] { 5_001, 5_002, 5_003, 5_004 })
            Assert.NotNull((await rig.AnswerAsync(id))["result"]);
        Assert.Equal(0, rig.AnswersTo(5_000));
        Assert.Equal(QuestionGate.MaxAtWork, rig.Router.Asked.Snapshot().Count);
    }

    [Fact]
    public async Task Call_WhoWaitsInLine_IsAskedWhenAnotherEndsAndTheWaitCounts()
    {
        var clock = new ManualTimeProvider();
        await using var rig = new HubRig(clock);
        await rig.ShakeHandsAsync();
        var first = new TaskCompletionSource<RoutingResult>();
        rig.Router.OnAsk = (_, _) => first.Task;
        await rig.CallAsync(1, "maestra_ask", Question);
        await rig.Router.Asked.ItemAsync(1);
        await FillAsync(rig, from: 2);
        await rig.CallAsync(5_000, "maestra_ask", Question);
        await clock.WaitForTimersAsync();
        clock.Advance(TimeSpan.FromSeconds(4));
        rig.Router.OnAsk = (_, _) => Task.FromResult(FakeRouter.Answered("done"));

        first.SetResult(FakeRouter.Answered("first"));

        var told = (await rig.ResultAsync(5_000))["structuredContent"]!;
        var asked = await rig.Router.Asked.ItemAsync(QuestionGate.MaxAtWork + 1);
        Assert.Equal(TimeSpan.FromMilliseconds(50_000 - 4_000 - CallBudget.TellingMilliseconds), asked.Budget);
        Assert.Equal(4_813, (int)told["elapsed_ms"]!);
    }

    /// <summary>"No answer later than the budget": what waited until then is asked of nobody, whatever its turn.</summary>
    [Fact]
    public async Task Call_BudgetEndsInLine_IsAnsweredThenAndNobodyIsAsked()
    {
        var clock = new ManualTimeProvider();
        await using var rig = new HubRig(clock);
        await rig.ShakeHandsAsync();
        await FillAsync(rig, meta: """{"progressToken":"p"}""");
        rig.Router.OnAsk = (_, _) => Task.FromResult(FakeRouter.Failed(new RoutingError("deadline_exceeded", "No time.", null)));
        await rig.CallAsync(5_000, "maestra_ask", Question);
        await WaitsInLineAsync(clock, QuestionGate.MaxAtWork);
        clock.Advance(TimeSpan.FromMilliseconds(50_000 - CallBudget.TellingMilliseconds));

        var told = (await rig.ResultAsync(5_000))["structuredContent"]!;
        var asked = await rig.Router.Asked.ItemAsync(QuestionGate.MaxAtWork + 1);
        Assert.Equal(CallBudget.Spent, asked.Budget);
        Assert.Equal("deadline_exceeded", (string)told["error"]!["code"]!);
        Assert.Equal(50_000 - CallBudget.TellingMilliseconds, (int)told["elapsed_ms"]!);
    }

    [Fact]
    public async Task Call_MoreQuestionsThanMayWait_IsRefusedAtOnceWithWhatToDo()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await FillAsync(rig);
        for (var id = 2_001; id <= 2_000 + QuestionGate.MaxInLine; id++)
            await rig.CallAsync(id, "maestra_ask", Question);
        await rig.CallAsync(5_000, "maestra_legacy_ask", """{"question":"hi"}""");

        var refused = await rig.Lines.FirstAsync(line => line.Contains(QuestionAsker.TooManyQuestions, StringComparison.Ordinal));
        var result = JsonNode.Parse(refused)!["result"]!;
        Assert.True((bool)result["isError"]!);
        Assert.False((bool)result["structuredContent"]!["may_have_run"]!);
        Assert.Empty(result["structuredContent"]!["attempts"]!.AsArray());
        Assert.Contains("Next: wait until some of them are answered", (string)result["content"]![0]!["text"]!, StringComparison.Ordinal);
        Assert.Equal(QuestionGate.MaxAtWork, rig.Router.Asked.Snapshot().Count);
    }

    /// <summary>What ends one of them is read all the same, and who waited in line has its turn.</summary>
    [Fact]
    public async Task Cancelled_BehindAsManyQuestionsAsAllowed_IsReadAndTheNextOneStarts()
    {
        var clock = new ManualTimeProvider();
        await using var rig = new HubRig(clock);
        await rig.ShakeHandsAsync();
        await FillAsync(rig);
        rig.Router.OnAsk = (_, _) => Task.FromResult(FakeRouter.Answered("done"));
        await rig.CallAsync(5_000, "maestra_ask", Question);
        await rig.CallAsync(5_001, "maestra_ask", Question);
        await clock.WaitForTimersAsync(2);
        Assert.Equal(QuestionGate.MaxAtWork, rig.Router.Asked.Snapshot().Count);

        await CancelAsync(rig, 5_000);
        await CancelAsync(rig, 1);

        await rig.AnswerAsync(5_001);
        Assert.Equal((0, 0), (rig.AnswersTo(1), rig.AnswersTo(5_000)));
    }

    [Fact]
    public async Task EndOfInput_BehindNineHundredQuestions_IsSeenAllTheSame()
    {
        var clock = new ManualTimeProvider();
        await using var rig = new HubRig(clock);
        await rig.ShakeHandsAsync();
        rig.Router.OnAsk = Hang;
        for (var id = 1; id <= 900; id++)
            await rig.CallAsync(id, "maestra_ask", Question);
        rig.EndInput();

        // One for each that waits in line, and that of the drain.
        await clock.WaitForTimersAsync(QuestionGate.MaxInLine + 1);
        clock.Advance(TimeSpan.FromMilliseconds(StdioLimits.DrainMilliseconds));

        Assert.Equal(StdioEnd.EndOfInput, await rig.Transport.Ended.WaitAsync(TestTimeouts.Signal));
        Assert.Equal(QuestionGate.MaxAtWork, rig.Router.Asked.Snapshot().Count);
    }

    /// <summary>Whatever the requests are: beyond the bound they are refused, and what follows them is read.</summary>
    [Fact]
    public async Task Read_BeyondTheBoundOfOpenRequests_RefusesAndReadsOn()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        rig.Health.Until = new TaskCompletionSource().Task;
        for (var id = 1; id <= StdioLimits.MaxOpenRequests + 10; id++)
            await rig.CallAsync(id, "maestra_health");

        for (var id = StdioLimits.MaxOpenRequests + 1; id <= StdioLimits.MaxOpenRequests + 10; id++)
        {
            var refusal = (await rig.AnswerAsync(id))["error"]!;
            Assert.Equal(-32600, (int)refusal["code"]!);
            Assert.Contains($"{StdioLimits.MaxOpenRequests} requests are open", (string)refusal["message"]!, StringComparison.Ordinal);
        }

        await CancelAsync(rig, 1);
        await rig.RequestAsync(5_000, "ping");
        Assert.NotNull((await rig.AnswerAsync(5_000))["result"]);
    }

    /// <summary>A burst that is worked off is no crowd: who writes faster than answers are made is held back, not refused.</summary>
    [Fact]
    public async Task Read_FiveThousandRequestsAtOnce_AreAllAnswered()
    {
        const int Requests = 5_000;
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        await rig.WriteAsync(string.Concat(Enumerable.Range(1, Requests).Select(id => $$"""{"jsonrpc":"2.0","id":{{id}},"method":"ping"}""" + "\n")));

        var lines = await rig.Lines.WhenAsync(lines => lines.Count == Requests + 1);
        Assert.DoesNotContain(lines, line => line.Contains("error", StringComparison.Ordinal));
    }

    /// <summary>An answer that nobody has read takes memory like a request that is not answered, and counts like one.</summary>
    [Fact]
    public async Task Read_ManyRequestsOfAClientThatReadsNothing_AreRefusedBeyondTheBound()
    {
        const int Requests = 3_000;
        var stuck = new StuckStream();
        await using var rig = new HubRig(output: stuck, readOutput: false);
        await rig.WriteAsync(string.Concat(Enumerable.Range(1, Requests).Select(id => $$"""{"jsonrpc":"2.0","id":{{id}},"method":"ping"}""" + "\n")));
        await rig.Logs.WhenAsync(logs => logs.Count(IsRefusal) >= Requests - StdioLimits.MaxOpenRequests);
        stuck.LetGo();

        var written = await stuck.WhenAsync(lines => lines.Count == Requests);
        var (answers, refusals) = (written.Where(IsAnswer).ToList(), written.Where(line => !IsAnswer(line)).ToList());
        Assert.Equal(StdioLimits.MaxOpenRequests, answers.Count);
        Assert.All(refusals, line => Assert.Contains("not read yet", line, StringComparison.Ordinal));

        static bool IsAnswer(string line) => line.Contains("\"result\"", StringComparison.Ordinal);
    }

    /// <summary>Refusals take memory, too: beyond their bound no line is handled until somebody reads.</summary>
    [Fact]
    public async Task Read_RefusalsThatNobodyReads_StopAtTheirBoundAndGoOnWhenSomebodyReads()
    {
        const int Lines = 1_000;
        var stuck = new StuckStream();
        var line = $$"""{"jsonrpc":"1.0","id":"{{new string('i', 16 * 1024)}}","method":"ping"}""" + "\n";
        await using var rig = new HubRig(output: stuck, readOutput: false);
        await rig.WriteAsync(string.Concat(Enumerable.Repeat(line, Lines)));
        await rig.Logs.FirstAsync(_ => rig.Transport.Unwritten.Bytes > StdioLimits.MaxUnwrittenBytesToRead);
        Assert.InRange(rig.Transport.Unwritten.Bytes, StdioLimits.MaxUnwrittenBytesToRead, StdioLimits.MaxUnwrittenBytesToRead + (2 * line.Length));
        Assert.InRange(rig.Logs.Snapshot().Count(IsRefusal), 1, Lines / 2);

        stuck.LetGo();
        await stuck.WhenAsync(lines => lines.Count == Lines);
    }

    private static bool IsRefusal(Testing.Logging.LogRecord log) => log.Event.Id == 4001;

    private static async Task FillAsync(HubRig rig, int from = 1, string meta = "{}")
    {
        rig.Router.OnAsk = Hang;
        for (var id = from; id <= QuestionGate.MaxAtWork; id++)
            await rig.CallAsync(id, "maestra_ask", Question, meta);
        await rig.Router.Asked.ItemAsync(QuestionGate.MaxAtWork);
    }

    /// <summary>Until there is a timer more than those of so many calls with progress, for the one that waits.</summary>
    private static Task WaitsInLineAsync(ManualTimeProvider clock, int withProgress) => clock.WaitForTimersAsync(withProgress + 1);

    private static Task CancelAsync(HubRig rig, int id) =>
        rig.WriteLineAsync($$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{id}} } }""");

    private static async Task<RoutingResult> Hang(Question question, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException("unreachable");
    }

    /// <summary>A pipe that is full until it is let go.</summary>
    private sealed class StuckStream : MemoryStream
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _free = new();
        private readonly Journal<string> _lines = new();

        public Task Entered => _entered.Task;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _entered.TrySetResult();
            _free.Wait();
            foreach (var line in Encoding.UTF8.GetString(buffer).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                _lines.Add(line);
        }

        public void LetGo() => _free.Set();

        public Task<IReadOnlyList<string>> WhenAsync(Predicate<IReadOnlyList<string>> condition) => _lines.WhenAsync(condition);
    }
}
