using System.Net;
using ConversationHub.Testing.Network;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Providers;

/// <summary>A model that streams (OpenAI API, <c>stream: true</c>), and what a caller who watches is told of it.</summary>
public sealed class StreamedModelTests : IAsyncLifetime
{
    private const string Finish = """data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"stub-model","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";
    private const string Usage = """data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"stub-model","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}""" + "\n\n";
    private const string Done = "data: [DONE]\n\n";

    private readonly ChaosProxy _model = ChaosProxy.Start();
    private TestBackend _backend = null!;

    public async Task InitializeAsync() => _backend = await TestBackend.StartLocalAsync(
        (SettingNames.LlmProvider, "compatible"), (SettingNames.LlmBaseUrl, new Uri(_model.Url, "/v1").ToString()),
        (SettingNames.LlmModel, "a-model"), (SettingNames.OpenAiKey, "sk-secret-of-the-provider"),
        ("LLM_PRICE_INPUT", "1"), ("LLM_PRICE_OUTPUT", "10"));

    public async Task DisposeAsync()
    {
        await _backend.DisposeAsync();
        await _model.DisposeAsync();
    }

    [Fact]
    public async Task Ask_ModelStreams_TextComesAsDeltasAndIsStoredWhole_T66()
    {
        _model.Behaviour = Chaos.Respond(Stream(Piece("Two "), Piece("rules."), Finish, Usage, Done));

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(conversation: "c"));
        await stream.NextAsync("heartbeat");
        var (text, end) = await TextThenEndAsync(stream);

        Assert.Equal("Two rules.", text);
        Assert.Equal(("done", "Two rules."), (end.Name, (string?)end.Data["reply"]));
        var meta = end.Data["meta"]!;
        Assert.Equal(("stub-model", 1100, 0.002m), ((string?)meta["model"], (int)meta["tokens"]!, (decimal)meta["cost_usd"]!));
        Assert.Equal("Two rules.", (string?)(await _backend.GetAsync("/conversations/c")).Json["messages"]![1]!["content"]);
        Assert.True((bool)Assert.Single(_model.Requests).Json["stream"]!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("data: [DONE]\n\n")]
    [InlineData("data: not json\n\n")]
    [InlineData("data: {\"error\":{\"message\":\"text of the provider\"}}\n\n")]
    [InlineData("data: null\n\n")]
    [InlineData("data: {\"choices\":[null]}\n\n")]
    public async Task Ask_StreamHasNoAnswer_Is502_T66(string body)
    {
        _model.Behaviour = Chaos.Respond(Stream(body));

        Assert.Equal((502, "provider_failed"), await ErrorAsync());
        Assert.DoesNotContain("text of the provider", _backend.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ask_StreamBreaksOff_IsNoAnswerAndNothingIsStored_T66(bool reset)
    {
        var whole = Stream(Piece("Two "), Piece("rules."), Finish, Done);
        _model.Behaviour = Chaos.Truncate(whole, Piece("Two ").Length, reset);

        Assert.Equal((502, "provider_failed"), await ErrorAsync());
        Assert.Single((await _backend.GetAsync("/conversations/c")).Json["messages"]!.AsArray());
    }

    /// <summary>Some servers, and proxies before them, leave the connection open behind the last word, which is paid by then.</summary>
    [Theory]
    [InlineData(true, 0.002)]
    [InlineData(false, 0)]
    public async Task Ask_StreamIsLeftOpenBehindTheAnswer_IsAnsweredSoon(bool tellsUsage, double cost)
    {
        string[] parts = [Piece("Two "), Piece("rules."), Finish, tellsUsage ? Usage : ""];
        _model.Behaviour = Chaos.StallAfterHeaders(Stream([.. parts, Done]), parts.Sum(static part => part.Length));

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(conversation: "c"));
        await stream.NextAsync("heartbeat");

        // Those of heartbeats and deadline, and that of the end that is waited for.
        await _backend.Time.WaitForTimersAsync(3);
        _backend.Time.Advance(TimeSpan.FromSeconds(1));
        var end = await stream.NextAsync();
        while (end.Name is "delta" or "heartbeat")
            end = await stream.NextAsync();

        Assert.Equal(("done", "Two rules."), (end.Name, (string?)end.Data["reply"]));
        if (tellsUsage)
            Assert.Equal((decimal)cost, (decimal)end.Data["meta"]!["cost_usd"]!);
        else
            Assert.False((bool)end.Data["meta"]!["cost_known"]!);
    }

    /// <summary>The answer is there and paid, so nobody is asked again for it, whatever became of the connection (docs/models.md).</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Ask_StreamBreaksBehindTheAnswer_IsAnswered(bool reset, bool tellsUsage)
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string[] parts = [Piece("Two "), Piece("rules."), Finish, tellsUsage ? Usage : ""];
        _model.Behaviour = Chaos.TruncateWhen(released.Task, Stream([.. parts, Done]), parts.Sum(static part => part.Length), reset);

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(conversation: "c"));
        await stream.NextAsync("heartbeat");

        // Heartbeats, deadline, and the wait for the end: all that was sent has been read.
        await _backend.Time.WaitForTimersAsync(3);
        released.SetResult();
        var (_, end) = await TextThenEndAsync(stream);

        Assert.Equal(("done", "Two rules."), (end.Name, (string?)end.Data["reply"]));
        if (!tellsUsage)
            Assert.False((bool)end.Data["meta"]!["cost_known"]!);
        Assert.Single(_model.Requests);
        Assert.Equal("Two rules.", (string?)(await _backend.GetAsync("/conversations/c")).Json["messages"]![1]!["content"]);
    }

    [Fact]
    public async Task Ask_GarbageBehindTheAnswer_IsAnswered()
    {
        _model.Behaviour = Chaos.Respond(Stream(Piece("Two "), Piece("rules."), Finish, "data: not json\n\n"));

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question());
        await stream.NextAsync("heartbeat");

        Assert.Equal("done", (await TextThenEndAsync(stream)).End.Name);
    }

    [Fact]
    public async Task Ask_LongAnswerInShortPieces_IsTakenWhole()
    {
        const int Pieces = 2_500;
        var padding = new string('x', 4_000);
        await using var backend = await TestBackend.StartLocalAsync(
            (SettingNames.LlmProvider, "compatible"), (SettingNames.LlmBaseUrl, new Uri(_model.Url, "/v1").ToString()), (SettingNames.LlmModel, "a-model"),
            (SettingNames.LlmMaxTokens, "60000"));
        _model.Behaviour = Chaos.Respond(Stream([.. Enumerable.Repeat(Piece("word ").Replace("stub-model", $"stub-{padding}", StringComparison.Ordinal), Pieces), Finish, Usage, Done]));

        using var stream = await StreamedReply.AskAsync(backend, TestBackend.Question(conversation: "c"));
        await stream.NextAsync("heartbeat");
        var (_, end) = await TextThenEndAsync(stream);

        Assert.Equal(("done", Pieces * "word ".Length), (end.Name, ((string?)end.Data["reply"])?.Length));
    }

    /// <summary>Thinking is paid as output, also where only the total tells of it; what counts nothing is taken as not told.</summary>
    [Theory]
    [InlineData("""{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1500}""", 1500, 0.006)]
    [InlineData("""{"prompt_tokens":1000,"completion_tokens":100}""", 1100, 0.002)]
    [InlineData("""{"prompt_tokens":-1000000000,"completion_tokens":-1000000000,"total_tokens":-2000000000}""", 0, null)]
    [InlineData("""{"prompt_tokens":2000000000,"completion_tokens":2000000000}""", 0, null)]
    public async Task Ask_UsageAsTold_IsWhatIsPaid(string usage, int tokens, double? cost)
    {
        _model.Behaviour = Chaos.Respond(CannedResponse.Text(
            200, $$$"""{"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Yes."}}],"usage":{{{usage}}}}""", "application/json"));

        var meta = (await _backend.AskAsync(TestBackend.Question())).Json["meta"]!.AsObject();

        Assert.Equal(tokens, (int)meta["tokens"]!);
        if (cost is { } paid)
            Assert.Equal((decimal)paid, (decimal)meta["cost_usd"]!);
        else
            Assert.False((bool)meta["cost_known"]!);
    }

    [Fact]
    public async Task Ask_StreamEndsWithoutSayingWhy_IsNoAnswer_T66()
    {
        _model.Behaviour = Chaos.Respond(Stream(Piece("Two "), Done));

        Assert.Equal((502, "provider_failed"), await ErrorAsync());
    }

    [Fact]
    public async Task Ask_StreamLargerThanAnyReply_Is502_T66()
    {
        _model.Behaviour = Chaos.Respond(Stream(Piece(new string('x', (1 << 20) + 1)), Finish, Done));

        Assert.Equal((502, "provider_failed"), await ErrorAsync());
    }

    [Fact]
    public async Task Ask_ModelRefusesTheStream_Is503WithoutItsText()
    {
        _model.Behaviour = Chaos.Respond(CannedResponse.Text(429, "text of the provider"));

        Assert.Equal((503, "provider_busy"), await ErrorAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ask_DeadlineSpentWhileTheModelWorks_ItsCallIsCancelled_T67(bool hasBegun)
    {
        _model.Behaviour = hasBegun ? Chaos.StallAfterHeaders(Stream(Piece("Two "), Finish), Piece("Two ").Length) : Chaos.StallBeforeHeaders;
        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(), headers: [("X-Deadline-Ms", "900")]);
        await stream.NextAsync("heartbeat");
        await _model.RequestAsync(1);
        if (hasBegun)
            await stream.NextAsync("delta");

        _backend.Time.Advance(TimeSpan.FromMilliseconds(900));

        await _model.ClosedByClientAsync();
        Assert.Equal(504, (int)(await stream.NextAsync("error"))["status"]!);
    }

    [Fact]
    public async Task Ask_CallerLeavesTheStreamWhileTheModelWorks_ItsCallIsCancelled_T67()
    {
        _model.Behaviour = Chaos.StallBeforeHeaders;
        var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question());
        await _model.RequestAsync(1);

        stream.Dispose();

        await _model.ClosedByClientAsync();
    }

    [Fact]
    public async Task Ask_CallerLeavesWhileTheModelWorks_ItsCallIsCancelled_T67()
    {
        _model.Behaviour = Chaos.StallBeforeHeaders;
        using var gone = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/maestra/core") { Content = TestBackend.Json(TestBackend.Question()) };
        var asking = _backend.Client.SendAsync(request, gone.Token);
        await _model.RequestAsync(1);

        await gone.CancelAsync();

        await _model.ClosedByClientAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ask_InATrace_TheProviderIsToldNothingOfIt(bool streams)
    {
        _model.Behaviour = Chaos.Respond(Stream(Piece("Yes."), Finish, Done));
        (string, string)[] trace = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", "vendor=1")];

        if (streams)
            (await StreamedReply.AskAsync(_backend, TestBackend.Question(), headers: trace)).Dispose();
        else
            await _backend.AskAsync(TestBackend.Question(), headers: trace);

        var request = await _model.RequestAsync(1);
        Assert.DoesNotContain(request.Headers, header =>
            header.Key.StartsWith("trace", StringComparison.OrdinalIgnoreCase) || header.Value.Contains("0af7651916cd43dd", StringComparison.Ordinal));
    }

    private async Task<(int Status, string? Code)> ErrorAsync()
    {
        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(conversation: "c"));
        Assert.Equal(HttpStatusCode.OK, stream.Status);
        await stream.NextAsync("heartbeat");
        var (_, end) = await TextThenEndAsync(stream);
        Assert.Equal("error", end.Name);
        await stream.EndAsync();
        return ((int)end.Data["status"]!, (string?)end.Data["code"]);
    }

    private static async Task<(string Text, (string Name, System.Text.Json.Nodes.JsonObject Data) End)> TextThenEndAsync(StreamedReply stream)
    {
        var text = "";
        while (true)
        {
            var next = await stream.NextAsync();
            if (next.Name != "delta")
                return (text, next);
            text += (string?)next.Data["text"];
        }
    }

    private static string Piece(string text) =>
        $$$"""data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"stub-model","choices":[{"index":0,"delta":{"role":"assistant","content":"{{{text}}}"}}]}""" + "\n\n";

    private static CannedResponse Stream(params string[] parts) => CannedResponse.Text(200, string.Concat(parts), "text/event-stream");
}
