using System.Net;
using ConversationHub.Testing.Network;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Providers;

/// <summary>A model that fails is followed by the next one that is configured, and the caller is told who answered (docs/decisions/0025, 0027).</summary>
public sealed class ProviderChainTests : IAsyncLifetime
{
    private ModelRig _rig = null!;

    public static TheoryData<int> Refusals => [400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504, 529];

    private static IEnumerable<ChaosBehaviour> BrokenAnswers =>
    [
        Chaos.ResetAfterRead, Chaos.CloseAfterRead, Chaos.ResetBeforeRead, Chaos.Garbage(), Chaos.EndlessHeaders,
        Chaos.Respond(CannedResponse.Text(200, "<html>", "text/html")),
        Chaos.Respond(CannedResponse.Text(200, "{ torn", "application/json")),
        Chaos.Respond(CannedResponse.Text(200, "[]", "application/json")),
        Chaos.Respond(CannedResponse.Text(200, "{}", "application/json")),
        Chaos.Respond(ModelRig.Completion("  ")),
        Chaos.Truncate(ModelRig.Completion("half of it"), 60),
        Chaos.Respond(CannedResponse.Text(307, "", "text/plain", ("Location", "http://127.0.0.1:1/thief"))),
        Chaos.Respond(ModelRig.Completion(new string('x', 9 << 20))),
    ];

    public async Task InitializeAsync() => _rig = await ModelRig.StartAsync();

    public Task DisposeAsync() => _rig.DisposeAsync().AsTask();

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Ask_FirstRefuses_TheNextAnswersAndIsNamed(int status)
    {
        _rig.First.Behaviour = Chaos.Respond(CannedResponse.Text(status, "text of the provider " + ModelRig.OpenAiKey));
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.Message("From the next."));

        var reply = await _rig.Backend.AskAsync(TestBackend.Question());

        AssertSecond(reply);
        Assert.DoesNotContain("text of the provider", _rig.Backend.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(ModelRig.OpenAiKey, _rig.Backend.Log, StringComparison.Ordinal);
        Assert.Contains($"status {status}", _rig.Backend.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_FirstBreaks_TheNextAnswersAndIsNamed()
    {
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.Message("From the next."));
        foreach (var broken in BrokenAnswers)
        {
            _rig.First.Behaviour = broken;

            var reply = await _rig.Backend.AskAsync(TestBackend.Question());

            Assert.True(reply.Status == HttpStatusCode.OK, $"{broken.Name} gave {reply.Text}");
            Assert.Equal("From the next.", (string?)reply.Json["reply"]);
        }
    }

    [Fact]
    public async Task Ask_NobodyIsThere_TheNextAnswers()
    {
        await _rig.First.RefuseAsync();
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.Message("From the next."));

        AssertSecond(await _rig.Backend.AskAsync(TestBackend.Question()), firstAsked: 0);
    }

    /// <summary>Each provider gets its own key and nothing of the other's, nor of the caller.</summary>
    [Fact]
    public async Task Ask_BothAsked_EachGetsItsOwnKeyOnly()
    {
        _rig.First.Behaviour = Chaos.Respond(CannedResponse.Text(500, ""));
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.Message("Yes."));

        await _rig.Backend.AskAsync(TestBackend.Question());

        var (first, second) = (Assert.Single(_rig.First.Requests), Assert.Single(_rig.Second.Requests));
        Assert.Equal(("/v1/chat/completions", $"Bearer {ModelRig.OpenAiKey}"), (first.Target, first.Header("Authorization")));
        Assert.Equal((100, 100), ((int)first.Json["max_completion_tokens"]!, (int)second.Json["max_tokens"]!));
        Assert.Equal(("/v1/messages", ModelRig.AnthropicKey, "2023-06-01"), (second.Target, second.Header("x-api-key"), second.Header("anthropic-version")));
        Assert.DoesNotContain(first.Headers, header => header.Value.Contains(ModelRig.AnthropicKey, StringComparison.Ordinal));
        Assert.DoesNotContain(second.Headers, header => header.Value.Contains(ModelRig.OpenAiKey, StringComparison.Ordinal));
    }

    /// <summary>Recall never stands in for a model: the hub is to turn to the other backend.</summary>
    [Fact]
    public async Task Ask_AllFail_Is502AndTheQuestionMayBeAskedAgain()
    {
        (_rig.First.Behaviour, _rig.Second.Behaviour) = (Chaos.Respond(CannedResponse.Text(500, "")), Chaos.ResetAfterRead);
        (string, string)[] key = [("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-000000000001")];

        var failed = await _rig.Backend.AskAsync(TestBackend.Question(conversation: "c"), headers: key);
        _rig.First.Behaviour = Chaos.Respond(ModelRig.Completion("At last."));
        var answered = await _rig.Backend.AskAsync(TestBackend.Question(conversation: "c"), headers: key);

        Assert.Equal((HttpStatusCode.BadGateway, "provider_failed"), (failed.Status, failed.Code));
        Assert.Equal(("At last.", "openai"), ((string?)answered.Json["reply"], (string?)answered.Json["meta"]!["provider"]));
        Assert.Equal(2, (await _rig.Backend.GetAsync("/conversations/c")).Json["messages"]!.AsArray().Count);
    }

    [Fact]
    public async Task Ask_AllBusy_Is503WithTheShortestWaitAndThatWaitIsKept()
    {
        _rig.First.Behaviour = Chaos.Respond(CannedResponse.Text(429, "", "text/plain", ("Retry-After", "30")));
        _rig.Second.Behaviour = Chaos.Respond(CannedResponse.Text(529, "", "text/plain", ("Retry-After", "7")));

        var busy = await _rig.Backend.AskAsync(TestBackend.Question());
        var again = await _rig.Backend.AskAsync(TestBackend.Question());

        // A clock that is set back makes no wait longer.
        _rig.Backend.Time.WallOffset = TimeSpan.FromDays(-1);
        _rig.Backend.Time.Advance(TimeSpan.FromSeconds(7));
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.Message("Rested."));
        var rested = await _rig.Backend.AskAsync(TestBackend.Question());

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "provider_busy", "7"), (busy.Status, busy.Code, busy.Headers["Retry-After"]));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "7"), (again.Status, again.Headers["Retry-After"]));
        Assert.Equal("Rested.", (string?)rested.Json["reply"]);
        Assert.Equal((1, 2), (_rig.First.Requests.Count, _rig.Second.Requests.Count));
    }

    [Fact]
    public async Task Ask_OneBusyAndOneFailed_Is502()
    {
        (_rig.First.Behaviour, _rig.Second.Behaviour) = (Chaos.Respond(CannedResponse.Text(429, "")), Chaos.Respond(CannedResponse.Text(500, "")));

        Assert.Equal("provider_failed", (await _rig.Backend.AskAsync(TestBackend.Question())).Code);
    }

    /// <summary>A model that hangs cannot eat the whole call: behind it another waits for its half.</summary>
    [Fact]
    public async Task Ask_FirstHangs_TheNextGetsHalfOfTheTime_T67()
    {
        _rig.First.Behaviour = Chaos.StallBeforeHeaders;
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.Message("From the next."));
        var asking = _rig.Backend.AskAsync(TestBackend.Question(), headers: [("X-Deadline-Ms", "20000")]);
        await _rig.First.RequestAsync(1);

        _rig.Backend.Time.Advance(TimeSpan.FromMilliseconds(10_000));

        AssertSecond(await asking);
        await _rig.First.ClosedByClientAsync();
    }

    /// <summary>Slow is not dead: once text comes, only the caller's deadline ends it.</summary>
    [Fact]
    public async Task Ask_FirstIsSlowButSpeaks_IsNotCutForTheNext_T67()
    {
        var whole = ModelRig.CompletionStream("Slow", "ly.");
        _rig.First.Behaviour = Chaos.StallAfterHeaders(whole, 200);
        using var stream = await StreamedReply.AskAsync(_rig.Backend, TestBackend.Question(), headers: [("X-Deadline-Ms", "20000")]);
        await stream.NextAsync("heartbeat");
        await stream.NextAsync("delta");

        _rig.Backend.Time.Advance(TimeSpan.FromMilliseconds(19_999));
        _rig.Backend.Time.Advance(TimeSpan.FromMilliseconds(1));

        var (name, data) = await SkipHeartbeatsAsync(stream);
        Assert.Equal(("error", 504), (name, (int)data["status"]!));
        Assert.Empty(_rig.Second.Requests);
    }

    /// <summary>A preview is of one model only; what another says comes whole, at the end.</summary>
    [Fact]
    public async Task Ask_StreamBreaksAfterText_TheNextsTextIsNotMixedIntoThePreview_T66()
    {
        _rig.First.Behaviour = Chaos.Truncate(ModelRig.CompletionStream("Half an ", "answer."), 200);
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.MessageStream("Another ", "one."));

        var (preview, end) = await StreamAsync();

        Assert.Equal("Half an ", preview);
        Assert.Equal(("done", "Another one.", "anthropic"), (end.Name, (string?)end.Data["reply"], (string?)end.Data["meta"]!["provider"]));
    }

    [Fact]
    public async Task Ask_StreamRefusedBeforeText_TheNextIsPreviewed_T66()
    {
        _rig.First.Behaviour = Chaos.Respond(CannedResponse.Text(500, ""));
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.MessageStream("Another ", "one."));

        var (preview, end) = await StreamAsync();

        Assert.Equal(("Another one.", "done", "Another one."), (preview, end.Name, (string?)end.Data["reply"]));
    }

    /// <summary>An endpoint that ignores <c>stream: true</c> answers all the same.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ask_StreamIsAnsweredInOnePiece_IsAnswered_T66(bool second)
    {
        _rig.First.Behaviour = Chaos.Respond(second ? CannedResponse.Text(404, "") : ModelRig.Completion("In one piece."));
        _rig.Second.Behaviour = Chaos.Respond(ModelRig.Message("In one piece."));

        var (preview, end) = await StreamAsync();

        Assert.Equal(("In one piece.", "done", "In one piece."), (preview, end.Name, (string?)end.Data["reply"]));
        Assert.Equal(1100, (int)end.Data["meta"]!["tokens"]!);
    }

    private void AssertSecond(Reply reply, int firstAsked = 1)
    {
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        Assert.Equal("From the next.", (string?)reply.Json["reply"]);
        var meta = reply.Json["meta"]!;
        Assert.Equal(("anthropic", "stub-claude-1", 1100), ((string?)meta["provider"], (string?)meta["model"], (int)meta["tokens"]!));
        Assert.Equal((firstAsked, 1), (_rig.First.Requests.Count, _rig.Second.Requests.Count));
    }

    private async Task<(string Preview, (string Name, System.Text.Json.Nodes.JsonObject Data) End)> StreamAsync()
    {
        using var stream = await StreamedReply.AskAsync(_rig.Backend, TestBackend.Question());
        var preview = "";
        while (true)
        {
            var next = await SkipHeartbeatsAsync(stream);
            if (next.Name != "delta")
                return (preview, next);
            preview += (string?)next.Data["text"];
        }
    }

    private static async Task<(string Name, System.Text.Json.Nodes.JsonObject Data)> SkipHeartbeatsAsync(StreamedReply stream)
    {
        while (true)
        {
            var next = await stream.NextAsync();
            if (next.Name != "heartbeat")
                return next;
        }
    }
}
