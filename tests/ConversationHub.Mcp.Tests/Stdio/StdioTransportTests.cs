using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Tests.Stdio;

public sealed class StdioTransportTests
{
    private const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";

    [Theory]
    [InlineData("not json", -32700, null)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"", -32700, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"} trailing", -32700, 7)]
    [InlineData("[]", -32600, null)]
    [InlineData("[{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}]", -32600, null)]
    [InlineData("5", -32600, null)]
    [InlineData("{}", -32600, null)]
    [InlineData("{\"jsonrpc\":\"1.0\",\"id\":7,\"method\":\"ping\"}", -32600, 7)]
    [InlineData("{\"id\":7,\"method\":\"ping\"}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":5}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600, null)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", -32600, null)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", -32600, null)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"ping\"}", -32600, null)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\\ud800\"}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"a\":1,\"a\":2}}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"a\":[\"half \\ud800\"]}}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"\\udc00\":1}}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"method\":\"tools/list\"}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{},\"params\":{}}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}", -32600, 7)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"id\":8}", -32600, null)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"\\u0069d\":7}", -32600, null)]
    public async Task Read_LineThatIsNoMessage_IsRefusedOnceAndTheNextOneAnswered(string line, int code, int? id)
    {
        await using var rig = new HubRig();
        await rig.WriteLineAsync(line);
        var refusal = JsonNode.Parse(await rig.Lines.ItemAsync(1))!;

        Assert.Equal(code, (int)refusal["error"]!["code"]!);
        Assert.Equal(id, (int?)refusal["id"]);
        Assert.Equal(id is not null, refusal.AsObject().ContainsKey("id"));
        await rig.WriteLineAsync(Ping);
        await rig.AnswerAsync(1);
        Assert.Equal(2, rig.Lines.Snapshot().Count);
    }

    [Fact]
    public async Task Read_DeeperThanTheParserGoes_IsRefusedUnderItsId()
    {
        await using var rig = new HubRig();
        var nested = string.Concat(Enumerable.Repeat("[", 500)) + string.Concat(Enumerable.Repeat("]", 500));
        await rig.RequestAsync(3, "ping", $$"""{"a":{{nested}}}""");
        Assert.Equal(-32600, (int)(await rig.AnswerAsync(3))["error"]!["code"]!);
    }

    [Fact]
    public async Task Read_BytesThatAreNotUtf8_AreRefused()
    {
        await using var rig = new HubRig();
        await rig.WriteAsync([.. """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":" """u8, 0xC3, 0x28, .. "\"}}\n"u8]);
        Assert.Equal(-32700, (int)(await rig.AnswerAsync(1))["error"]!["code"]!);
    }

    [Fact]
    public async Task Read_AnswerToNoRequestOfOurs_IsNotAnswered()
    {
        await using var rig = new HubRig();
        await rig.WriteLineAsync("""{"jsonrpc":"3","id":7,"result":{}}""");
        await rig.WriteLineAsync("""{"jsonrpc":"2.0","id":8,"result":{}}""");
        await rig.WriteLineAsync(Ping);
        await rig.AnswerAsync(1);
        Assert.Single(rig.Lines.Snapshot());
    }

    [Fact]
    public async Task Read_BlankLinesCarriageReturnsAndByteOrderMark_AreHarmless()
    {
        await using var rig = new HubRig();
        await rig.WriteAsync([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Ping + "\r\n\r\n  \n")]);
        await rig.SettleAsync();
        Assert.Equal(2, rig.Lines.Snapshot().Count);
    }

    [Fact]
    public async Task Read_LineInPieces_IsOneMessage()
    {
        await using var rig = new HubRig();
        foreach (var b in Encoding.UTF8.GetBytes(Ping + "\n"))
            await rig.WriteAsync([b]);
        await rig.AnswerAsync(1);
    }

    [Fact]
    public async Task Read_LineBeyondTheLimit_IsSkippedAndTheNextOneAnswered()
    {
        await using var rig = new HubRig();
        var piece = new string('a', 64 * 1024);
        for (var sent = 0; sent <= StdioLimits.MaxLineBytes + piece.Length; sent += piece.Length)
            await rig.WriteAsync(piece);
        await rig.WriteLineAsync("");
        await rig.WriteLineAsync(Ping);
        await rig.AnswerAsync(1);
        Assert.Equal(2, rig.Lines.Snapshot().Count);
        Assert.Contains($"{StdioLimits.MaxLineBytes}", rig.Lines.Snapshot()[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task EndOfInput_WithReadyAnswers_AreAllWrittenBeforeTheEnd()
    {
        // The clock stands still: nothing here may depend on the drain running out.
        await using var rig = new HubRig(new ManualTimeProvider());
        await rig.WriteLineAsync(Ping);
        await rig.WriteAsync("""{"jsonrpc":"2.0","id":2,"method":"tools/list"}""");
        rig.EndInput();

        Assert.Equal(StdioEnd.EndOfInput, await rig.Transport.Ended.WaitAsync(TestTimeouts.Signal));
        await rig.AnswerAsync(1);
        await rig.AnswerAsync(2);
    }

    [Fact]
    public async Task EndOfInput_WithACallInFlight_WaitsForIt()
    {
        var clock = new ManualTimeProvider();
        await using var rig = new HubRig(clock);
        await rig.ShakeHandsAsync();
        var answer = new TaskCompletionSource<RoutingResult>();
        rig.Router.OnAsk = (_, _) => answer.Task;
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""");
        await rig.Router.Asked.ItemAsync(1);
        rig.EndInput();
        await clock.WaitForTimersAsync();
        clock.Advance(TimeSpan.FromMilliseconds(StdioLimits.DrainMilliseconds - 1));

        Assert.False(rig.Transport.Ended.IsCompleted);
        answer.SetResult(FakeRouter.Answered("late but in time"));
        await rig.Transport.Ended.WaitAsync(TestTimeouts.Signal);
        await rig.AnswerAsync(1);
    }

    [Fact]
    public async Task EndOfInput_WithACallThatHangs_EndsWhenTheDrainIsOver()
    {
        var clock = new ManualTimeProvider();
        await using var rig = new HubRig(clock);
        await rig.ShakeHandsAsync();
        rig.Router.OnAsk = Hang;
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""");
        await rig.Router.Asked.ItemAsync(1);
        rig.EndInput();
        await clock.WaitForTimersAsync();
        clock.Advance(TimeSpan.FromMilliseconds(StdioLimits.DrainMilliseconds));

        Assert.Equal(StdioEnd.EndOfInput, await rig.Transport.Ended.WaitAsync(TestTimeouts.Signal));
    }

    [Fact]
    public async Task EndOfInput_WithAnOpenSubscription_EndsAtOnce()
    {
        await using var rig = new HubRig(new ManualTimeProvider());
        await rig.RequestAsync(1, "subscriptions/listen",
            """{"notifications":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}""");
        await rig.Lines.FirstAsync(line => line.Contains("acknowledged", StringComparison.Ordinal));
        rig.EndInput();

        Assert.Equal(StdioEnd.EndOfInput, await rig.Transport.Ended.WaitAsync(TestTimeouts.Signal));
    }

    [Fact]
    public async Task Request_WithAnIdInUse_IsRefusedWithoutThatId()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        var answer = new TaskCompletionSource<RoutingResult>();
        rig.Router.OnAsk = (_, _) => answer.Task;
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""");
        await rig.Router.Asked.ItemAsync(1);
        await rig.RequestAsync(1, "ping");
        var refusal = await rig.Lines.FirstAsync(line => line.Contains("-32600", StringComparison.Ordinal));

        Assert.DoesNotContain("\"id\":", refusal, StringComparison.Ordinal);
        answer.SetResult(FakeRouter.Answered("done"));
        await rig.SettleAsync();
        Assert.Equal(1, rig.AnswersTo(1));
    }

    [Fact]
    public async Task Cancelled_Call_IsAbortedAndNeverAnswered()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        var aborted = new TaskCompletionSource();
        rig.Router.OnAsk = async (_, token) =>
        {
            // Deaf to the cancellation: answers all the same, and that answer must not get out.
            await Task.Delay(Timeout.Infinite, token).ContinueWith(_ => { }, TaskScheduler.Default);
            aborted.SetResult();
            return FakeRouter.Answered("too late");
        };
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""", """{"progressToken":"p"}""");
        await rig.Router.Asked.ItemAsync(1);
        await rig.WriteLineAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""");
        await aborted.Task.WaitAsync(TestTimeouts.Signal);
        var seen = rig.Lines.Snapshot().Count;
        await rig.SettleAsync();

        Assert.Equal(0, rig.AnswersTo(1));
        Assert.Equal(seen + 1, rig.Lines.Snapshot().Count);
    }

    [Fact]
    public async Task Write_ThatFails_EndsTheTransport()
    {
        await using var rig = new HubRig(output: new BrokenStream(), readOutput: false);
        await rig.WriteLineAsync(Ping);
        Assert.Equal(StdioEnd.OutputFailed, await rig.Transport.Ended.WaitAsync(TestTimeouts.Signal));
    }

    [Fact]
    public async Task EndOfInput_BehindARefusalThatNobodyReads_IsSeenAllTheSame()
    {
        var clock = new ManualTimeProvider();
        var stuck = new StuckStream();
        await using var rig = new HubRig(clock, output: stuck, readOutput: false);
        await rig.WriteLineAsync("no JSON");
        await stuck.Written.WaitAsync(TestTimeouts.Signal);
        rig.EndInput();
        await clock.WaitForTimersAsync();
        clock.Advance(TimeSpan.FromMilliseconds(StdioLimits.DrainMilliseconds));

        Assert.Equal(StdioEnd.EndOfInput, await rig.Transport.Ended.WaitAsync(TestTimeouts.Signal));
        stuck.LetGo();
    }

    [Fact]
    public async Task Write_MessageThatCannotBeWritten_LeavesNothingBehind()
    {
        await using var rig = new HubRig();
        const int DeeperThanTheWriterGoes = 1_100;
        JsonNode nested = new JsonArray();
        for (var depth = 0; depth < DeeperThanTheWriterGoes; depth++)
            nested = new JsonArray(nested);

        await Assert.ThrowsAnyAsync<Exception>(() => rig.Transport.SendMessageAsync(
            new JsonRpcNotification { Method = "notifications/x", Params = new JsonObject { ["a"] = nested } }));

        await rig.WriteLineAsync(Ping);
        await rig.AnswerAsync(1);
        Assert.StartsWith("{", Assert.Single(rig.Lines.Snapshot()), StringComparison.Ordinal);
        Assert.DoesNotContain("notifications/x", rig.Lines.Snapshot()[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_TextOfManyScripts_StaysReadableOnOneLine()
    {
        await using var rig = new HubRig();
        await rig.ShakeHandsAsync();
        rig.Router.OnAsk = (_, _) => Task.FromResult(FakeRouter.Answered("日本\nline\u2028two 😀"));
        await rig.CallAsync(1, "maestra_ask", """{"message":"hi"}""");
        await rig.AnswerAsync(1);

        var line = rig.Lines.Snapshot()[^1];
        Assert.Contains("日本\\nline\\u2028two", line, StringComparison.Ordinal);
        Assert.StartsWith("日本\nline\u2028two 😀", (string)(await rig.ResultAsync(1))["structuredContent"]!["answer"]!, StringComparison.Ordinal);
    }

    private static Task<RoutingResult> Hang(Question question, CancellationToken cancellationToken) => Hang(cancellationToken);

    private static async Task<RoutingResult> Hang(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException("unreachable");
    }

    /// <summary>A pipe that is full.</summary>
    private sealed class StuckStream : MemoryStream
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly ManualResetEventSlim _free = new();

        public Task Written => _written.Task;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _written.TrySetResult();
            _free.Wait();
        }

        public void LetGo() => _free.Set();
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("broken pipe");
    }
}
