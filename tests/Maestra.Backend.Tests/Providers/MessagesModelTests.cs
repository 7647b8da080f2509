using System.Net;
using System.Text;
using ConversationHub.Testing.Network;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Providers;

/// <summary>The Anthropic API, spoken by hand: what is sent, and what every kind of answer becomes.</summary>
public sealed class MessagesModelTests : IAsyncLifetime
{
    private readonly ChaosProxy _model = ChaosProxy.Start();
    private TestBackend _backend = null!;

    public async Task InitializeAsync() => _backend = await TestBackend.StartLocalAsync(
        (SettingNames.LlmProvider, "anthropic"), (SettingNames.AnthropicKey, "sk-ant-secret-0123456789"),
        (SettingNames.AnthropicBaseUrl, new Uri(_model.Url, "/v1/").ToString()), (SettingNames.LlmModel, "stub-claude"), (SettingNames.LlmMaxTokens, "77"),
        (SettingNames.LlmPriceInput, "1"), (SettingNames.LlmPriceOutput, "10"));

    public async Task DisposeAsync()
    {
        await _backend.DisposeAsync();
        await _model.DisposeAsync();
    }

    [Fact]
    public async Task Ask_Answered_IsStoredWithModelTokensAndCost()
    {
        _model.Behaviour = Chaos.Respond(ModelRig.Message("Wörtlich \"so\". 😀"));
        await _backend.AskAsync(TestBackend.Question("First?", "c"));

        var reply = await _backend.AskAsync(TestBackend.Question("Second?", "c"));

        Assert.Equal("Wörtlich \"so\". 😀", (string?)reply.Json["reply"]);
        var meta = reply.Json["meta"]!;
        Assert.Equal(("anthropic", "stub-claude-1", 1100, 0.002m),
            ((string?)meta["provider"], (string?)meta["model"], (int)meta["tokens"]!, (decimal)meta["cost_usd"]!));
        Assert.False(meta.AsObject().ContainsKey("cost_known"));
        var request = _model.Requests[1];
        Assert.Equal(("POST", "/v1/messages"), (request.Method, request.Target));
        Assert.Equal(("stub-claude", 77, false), ((string?)request.Json["model"], (int)request.Json["max_tokens"]!, (bool)request.Json["stream"]!));
        Assert.StartsWith("You are Maestra", (string?)request.Json["system"], StringComparison.Ordinal);
        Assert.Equal(["user", "assistant", "user"], request.Json["messages"]!.AsArray().Select(message => (string?)message!["role"]));
    }

    [Fact]
    public async Task Ask_Streams_TextComesAsDeltasAndIsStoredWhole_T66()
    {
        _model.Behaviour = Chaos.Respond(ModelRig.MessageStream("Two ", "rules."));

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(conversation: "c"));
        await stream.NextAsync("heartbeat");
        var (text, next) = ("", await stream.NextAsync());
        for (; next.Name == "delta"; next = await stream.NextAsync())
            text += (string?)next.Data["text"];

        Assert.Equal("Two rules.", text);
        Assert.Equal(("done", "Two rules.", 0.002m), (next.Name, (string?)next.Data["reply"], (decimal)next.Data["meta"]!["cost_usd"]!));
        Assert.True((bool)Assert.Single(_model.Requests).Json["stream"]!);
    }

    [Fact]
    public async Task Ask_StreamIsLeftOpenBehindTheAnswer_IsAnsweredSoon()
    {
        var whole = ModelRig.MessageStream("Two ", "rules.");
        var open = ModelRig.Events(Encoding.UTF8.GetString(whole.Body).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static one => one["data: ".Length..]).Append("""{"type":"ping"}""").ToArray());
        _model.Behaviour = Chaos.StallAfterHeaders(open, whole.Body.Length);

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(conversation: "c"));
        await stream.NextAsync("heartbeat");

        // Those of heartbeats and deadline, and that of the end that is waited for.
        await _backend.Time.WaitForTimersAsync(3);
        _backend.Time.Advance(TimeSpan.FromSeconds(1));
        var next = await stream.NextAsync();
        while (next.Name is "delta" or "heartbeat")
            next = await stream.NextAsync();

        Assert.Equal(("done", "Two rules."), (next.Name, (string?)next.Data["reply"]));
    }

    /// <summary>The answer is there and paid from its stop reason on, whether or not the last event comes behind it (docs/models.md).</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Ask_StreamBreaksBehindTheAnswer_IsAnswered(bool reset, bool hasLastEvent)
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var whole = ModelRig.MessageStream("Two ", "rules.");
        var last = ModelRig.Events("""{"type":"message_stop"}""").Body.Length;
        var longer = whole with { Body = [.. whole.Body, .. ModelRig.Events("""{"type":"ping"}""").Body] };
        _model.Behaviour = Chaos.TruncateWhen(released.Task, longer, whole.Body.Length - (hasLastEvent ? 0 : last), reset);

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(conversation: "c"));
        await stream.NextAsync("heartbeat");

        // Heartbeats, deadline, and the wait for the end: the stop reason has been read.
        await _backend.Time.WaitForTimersAsync(3);
        released.SetResult();
        var next = await stream.NextAsync();
        while (next.Name is "delta" or "heartbeat")
            next = await stream.NextAsync();

        Assert.Equal(("done", "Two rules.", 0.002m), (next.Name, (string?)next.Data["reply"], (decimal?)next.Data["meta"]?["cost_usd"]));
        Assert.Single(_model.Requests);
    }

    [Fact]
    public async Task Ask_CachedPrompt_CountsAllTokens()
    {
        _model.Behaviour = Chaos.Respond(CannedResponse.Text(200,
            """{"model":"m","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"A"},{"type":"text","text":"B"}],"stop_reason":"max_tokens","usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":5}}""",
            "application/json"));

        var reply = await _backend.AskAsync(TestBackend.Question());

        Assert.Equal(("AB", 65), ((string?)reply.Json["reply"], (int)reply.Json["meta"]!["tokens"]!));
    }

    /// <summary>What is not known is said, and not told as a number.</summary>
    [Fact]
    public async Task Ask_NoUsageTold_CostIsSaidToBeUnknown()
    {
        _model.Behaviour = Chaos.Respond(CannedResponse.Text(200,
            """{"model":"m","content":[{"type":"text","text":"A"}],"stop_reason":"end_turn"}""", "application/json"));

        var meta = (await _backend.AskAsync(TestBackend.Question(conversation: "c"))).Json["meta"]!;

        Assert.Equal((0, 0m, false), ((int)meta["tokens"]!, (decimal)meta["cost_usd"]!, (bool)meta["cost_known"]!));
        Assert.False((bool)(await _backend.GetAsync("/conversations/c")).Json["messages"]![1]!["meta"]!["cost_known"]!);
    }

    [Theory]
    [InlineData("""{"type":"error","error":{"type":"api_error","message":"text of the provider"}}""", 502, "provider_failed")]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"text of the provider"}}""", 503, "provider_busy")]
    [InlineData("""{"type":"message_stop"}""", 502, "provider_failed")]
    [InlineData("""not json""", 502, "provider_failed")]
    [InlineData("""[1]""", 502, "provider_failed")]
    [InlineData("""{"type":7}""", 502, "provider_failed")]
    [InlineData("""{"type":"content_block_delta","delta":{"type":"text_delta","text":7}}""", 502, "provider_failed")]
    [InlineData("""{"type":"message_delta","delta":{"stop_reason":"refusal"}}""", 502, "provider_failed")]
    public async Task Ask_StreamHasNoAnswer_IsAPlainFailure_T66(string data, int status, string code)
    {
        _model.Behaviour = Chaos.Respond(ModelRig.Events(data));

        Assert.Equal((status, code), await ErrorAsync());
        Assert.DoesNotContain("text of the provider", _backend.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ask_StreamBreaksOff_IsNoAnswer_T66(bool reset)
    {
        _model.Behaviour = Chaos.Truncate(ModelRig.MessageStream("Two ", "rules."), 420, reset);

        Assert.Equal((502, "provider_failed"), await ErrorAsync());
        Assert.Single((await _backend.GetAsync("/conversations/c")).Json["messages"]!.AsArray());
    }

    [Fact]
    public async Task Ask_ReplyLargerThanAnyStored_Is502()
    {
        _model.Behaviour = Chaos.Respond(ModelRig.Message(new string('x', (1 << 20) + 1)));
        Assert.Equal((HttpStatusCode.BadGateway, "provider_failed"), await AskAsync());

        _model.Behaviour = Chaos.Respond(ModelRig.MessageStream(new string('x', (1 << 20) + 1)));
        Assert.Equal((502, "provider_failed"), await ErrorAsync());
    }

    [Fact]
    public async Task Ask_DeadlineSpentWhileTheModelWorks_ItsCallIsCancelled_T67()
    {
        _model.Behaviour = Chaos.StallAfterHeaders(ModelRig.Message("Two rules."), 20);
        var asking = _backend.AskAsync(TestBackend.Question(), headers: [("X-Deadline-Ms", "900")]);
        await _model.RequestAsync(1);

        _backend.Time.Advance(TimeSpan.FromMilliseconds(900));

        await _model.ClosedByClientAsync();
        Assert.Equal("deadline_exceeded", (await asking).Code);
    }

    private async Task<(HttpStatusCode, string?)> AskAsync()
    {
        var reply = await _backend.AskAsync(TestBackend.Question());
        return (reply.Status, reply.Code);
    }

    private async Task<(int Status, string? Code)> ErrorAsync()
    {
        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(conversation: "c"));
        var next = await stream.NextAsync();
        while (next.Name is "heartbeat" or "delta")
            next = await stream.NextAsync();
        Assert.Equal("error", next.Name);
        return ((int)next.Data["status"]!, (string?)next.Data["code"]);
    }
}
