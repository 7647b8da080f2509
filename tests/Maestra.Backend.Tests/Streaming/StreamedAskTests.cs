using System.Net;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Advisors;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Streaming;

public sealed class StreamedAskTests : IAsyncLifetime
{
    private static readonly (string, string)[] Headers = [("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293")];
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    private readonly HeldAdvisor _held = new();
    private TestBackend _backend = null!;

    public async Task InitializeAsync()
    {
        _backend = await TestBackend.StartLocalAsync();
        _backend.Advisor.Script = _held.RunAsync;
    }

    public async Task DisposeAsync() => await _backend.DisposeAsync();

    [Fact]
    public async Task Core_Streamed_BeatsAtOnceAndEverySecondUntilDone_T66()
    {
        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question());
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (stream.Status, stream.MediaType));
        Assert.Equal(0, (int)(await stream.NextAsync("heartbeat"))["elapsed_ms"]!);
        foreach (var seconds in (int[])[1, 2, 3])
        {
            _backend.Time.Advance(OneSecond);
            Assert.Equal(1000 * seconds, (int)(await stream.NextAsync("heartbeat"))["elapsed_ms"]!);
        }

        _held.Release("At last.");
        var done = await stream.NextAsync("done");

        await stream.EndAsync();
        Assert.Equal("At last.", (string?)done["reply"]);
        Assert.False((bool)done["meta"]!["replayed"]!);
    }

    [Fact]
    public async Task Core_Streamed_IsDoneOnlyOnceTheReplyIsDurable_T66()
    {
        var storing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _backend.Store.BeforeReply = () =>
        {
            storing.SetResult();
            return goOn.Task;
        };
        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question());
        await stream.NextAsync("heartbeat");
        _held.Release("At last.");
        await storing.Task;

        _backend.Time.Advance(OneSecond);
        await stream.NextAsync("heartbeat");
        goOn.SetResult();

        await stream.NextAsync("done");
    }

    [Fact]
    public async Task Core_Streamed_TellsTheTextAsItComes_T66()
    {
        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question());
        await stream.NextAsync("heartbeat");
        await _held.WaitUntilAskedAsync();

        _backend.Advisor.OnText!("Two \n");
        Assert.Equal("Two \n", (string?)(await stream.NextAsync("delta"))["text"]);
        _backend.Advisor.OnText!("rules.");
        Assert.Equal("rules.", (string?)(await stream.NextAsync("delta"))["text"]);
        _held.Release("Two \nrules.");

        Assert.Equal("Two \nrules.", (string?)(await stream.NextAsync("done"))["reply"]);
        await stream.EndAsync();
    }

    [Theory]
    [InlineData("/api/maestra/core", """{"user_id":"a","surface_id":"s","message":"m"}""", "reply")]
    [InlineData("/tgif/ask", """{"user_id":"a","surface_id":"s","message":"m"}""", "reply")]
    [InlineData("/api/maestra/advisor/ask", """{"message":"m"}""", "answer")]
    [InlineData("/advisor/ask", """{"message":"m"}""", "answer")]
    public async Task Ask_EveryEndpoint_Streams_T66(string path, string body, string replyName)
    {
        _held.Release("At last.");

        using var stream = await StreamedReply.AskAsync(_backend, body, path);

        await stream.NextAsync("heartbeat");
        Assert.Equal("At last.", (string?)(await stream.NextAsync("done"))[replyName]);
    }

    [Fact]
    public async Task Core_NotAskedToStream_TellsNoTextBeforehand()
    {
        var asking = _backend.AskAsync(TestBackend.Question());
        await _held.WaitUntilAskedAsync();

        Assert.Null(_backend.Advisor.OnText);
        _held.Release("Whole.");
        Assert.Equal("application/json", (await asking).Headers["Content-Type"]);
    }

    [Fact]
    public async Task Core_StreamRefusedBeforeWork_IsAnOrdinaryStatus_T66()
    {
        _backend.Store.Erased.Add(ConversationId.Parse("gone"));
        _held.Release("Once.");
        await _backend.AskAsync(TestBackend.Question("One"), headers: Headers);

        await AssertRefusedAsync(422, "invalid_request", """{"user_id":"a"}""");
        await AssertRefusedAsync(422, "idempotency_mismatch", TestBackend.Question("Two"), Headers);
        await AssertRefusedAsync(410, "conversation_erased", TestBackend.Question(conversation: "gone"));
        await AssertRefusedAsync(400, "invalid_header", TestBackend.Question(), ("X-Deadline-Ms", "0"));
        _backend.Store.Failure = new StoreFailure(StoreFailureKind.Unavailable, "No room.");
        await AssertRefusedAsync(503, "store_unavailable", TestBackend.Question());
    }

    [Fact]
    public async Task Core_AdvisorFailsInTheStream_IsOneErrorWithItsStatus_T66()
    {
        _backend.Advisor.Script = (_, _) => Task.FromResult<AdvisorOutcome>(new AdvisorOutcome.Failed(AdvisorFailure.Provider, "status 500"));

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(), headers: Headers);
        await stream.NextAsync("heartbeat");
        var error = await stream.NextAsync("error");

        await stream.EndAsync();
        Assert.Equal((502, "provider_failed"), ((int)error["status"]!, (string?)error["code"]));
        Assert.Equal("019b8d7d-f23b-7a1b-ac3d-4e5f60718293", (string?)error["operation_id"]);
        Assert.NotNull((string?)error["request_id"]);
    }

    [Fact]
    public async Task Core_BugInTheStream_IsAnErrorWithoutItsText_T66()
    {
        _backend.Advisor.Script = (_, _) => throw new NotSupportedException("a secret of the code");

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question());
        await stream.NextAsync("heartbeat");
        var error = await stream.NextAsync("error");

        await stream.EndAsync();
        Assert.Equal((500, "Internal server error"), ((int)error["status"]!, (string?)error["detail"]));
        Assert.Contains("a secret of the code", _backend.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Core_DeadlineSpentInTheStream_Is504AndTheWorkIsCancelled_T67()
    {
        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(), headers: [("X-Deadline-Ms", "1500")]);
        await stream.NextAsync("heartbeat");
        await _held.WaitUntilAskedAsync();

        _backend.Time.Advance(TimeSpan.FromMilliseconds(1500));
        await _held.WaitUntilCancelledAsync();

        await stream.NextAsync("heartbeat");
        var error = await stream.NextAsync("error");
        await stream.EndAsync();
        Assert.Equal((504, "deadline_exceeded"), ((int)error["status"]!, (string?)error["code"]));
    }

    [Fact]
    public async Task Core_ClientLeavesTheStream_WorkStops_T67()
    {
        var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question());
        await stream.NextAsync("heartbeat");
        await _held.WaitUntilAskedAsync();

        stream.Dispose();

        await _held.WaitUntilCancelledAsync();
    }

    [Fact]
    public async Task Core_ReplayInAStream_IsDoneAtOnce_T64_T66()
    {
        _held.Release("Once.");
        await _backend.AskAsync(TestBackend.Question(), headers: Headers);

        using var stream = await StreamedReply.AskAsync(_backend, TestBackend.Question(), headers: Headers);
        var done = await stream.NextAsync("done");

        await stream.EndAsync();
        Assert.Equal(("Once.", true), ((string?)done["reply"], (bool)done["meta"]!["replayed"]!));
        Assert.Single(_backend.Advisor.Prompts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Core_StreamJoinsWorkInFlight_BeatsAndEndsAlike_T64_T66(bool isFirstStreamed)
    {
        var first = isFirstStreamed ? null : _backend.AskAsync(TestBackend.Question(), headers: Headers);
        using var firstStream = isFirstStreamed ? await StreamedReply.AskAsync(_backend, TestBackend.Question(), headers: Headers) : null;
        await _held.WaitUntilAskedAsync();
        using var second = await StreamedReply.AskAsync(_backend, TestBackend.Question(), headers: Headers);
        await second.NextAsync("heartbeat");
        _backend.Time.Advance(OneSecond);
        await second.NextAsync("heartbeat");

        firstStream?.Dispose();
        _held.Release("Once.");
        var done = await second.NextAsync("done");

        Assert.Equal("Once.", (string?)done["reply"]);
        if (first is not null)
            Assert.Equal("Once.", (string?)(await first).Json["reply"]);
        Assert.Single(_backend.Advisor.Prompts);
        Assert.Equal(1, _backend.Store.QuestionsStored);
    }

    [Fact]
    public async Task Core_StreamWaitsForItsTurn_BeatsMeanwhile_T66()
    {
        const int Running = 64;
        var others = Enumerable.Range(0, Running).Select(_ => _backend.AskAsync(TestBackend.Question())).ToList();
        for (var asked = 0; asked < Running; asked++)
            await _held.WaitUntilAskedAsync();
        var timers = _backend.Time.Waiting.Count;
        var asking = StreamedReply.AskAsync(_backend, TestBackend.Question(), headers: [("X-Deadline-Ms", "2500")]);

        // Its heartbeats and its deadline.
        await _backend.Time.WaitForTimersAsync(timers + 2);
        _backend.Time.Advance(OneSecond);
        using var stream = await asking;
        Assert.Equal(1000, (int)(await stream.NextAsync("heartbeat"))["elapsed_ms"]!);
        _backend.Time.Advance(OneSecond + OneSecond);

        await stream.NextAsync("heartbeat");
        Assert.Equal(504, (int)(await stream.NextAsync("error"))["status"]!);
        _held.Release("All others.");
        await Task.WhenAll(others);
    }

    [Fact]
    public async Task Core_FirstRunFailed_TheRepeatSaysThatItRanAnew_T64()
    {
        _backend.Advisor.Script = (_, _) => Task.FromResult<AdvisorOutcome>(new AdvisorOutcome.Failed(AdvisorFailure.Provider, "status 500"));
        var failed = await _backend.AskAsync(TestBackend.Question(), headers: Headers);
        _backend.Advisor.Script = (_, _) => Task.FromResult(ScriptedAdvisor.Answer("Now."));

        var resumed = await _backend.AskAsync(TestBackend.Question(), headers: Headers);
        var replayed = await _backend.AskAsync(TestBackend.Question(), headers: Headers);
        var other = await _backend.AskAsync(TestBackend.Question());

        Assert.Equal(HttpStatusCode.BadGateway, failed.Status);
        Assert.Equal((false, true), ((bool)resumed.Json["meta"]!["replayed"]!, (bool)resumed.Json["meta"]!["resumed"]!));
        Assert.True((bool)replayed.Json["meta"]!["replayed"]!);
        Assert.All([replayed, other], reply => Assert.Null(reply.Json["meta"]!["resumed"]));
        Assert.Equal(2, _backend.Store.QuestionsStored);
    }

    private async Task AssertRefusedAsync(int status, string code, string body, params (string, string)[] headers)
    {
        using var refused = await StreamedReply.AskAsync(_backend, body, headers: headers);
        Assert.Equal((status, "application/json"), ((int)refused.Status, refused.MediaType));
        Assert.Equal(code, (string?)(await refused.JsonAsync())["code"]);
    }
}
