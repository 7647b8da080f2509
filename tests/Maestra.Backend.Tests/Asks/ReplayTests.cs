using System.Net;
using ConversationHub.Store;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Asks;

public sealed class ReplayTests
{
    private static readonly (string, string)[] Headers = [("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293")];

    [Fact]
    public async Task Core_SameKeyAndBody_ReplaysTheStoredReply_T64()
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var first = await backend.AskAsync(TestBackend.Question(), headers: Headers);
        var second = await backend.AskAsync(TestBackend.Question(), headers: Headers);

        Assert.Equal((string?)first.Json["reply"], (string?)second.Json["reply"]);
        Assert.Equal((string?)first.Json["conversation_id"], (string?)second.Json["conversation_id"]);
        Assert.Equal((false, true), ((bool)first.Json["meta"]!["replayed"]!, (bool)second.Json["meta"]!["replayed"]!));
        Assert.Single(backend.Advisor.Prompts);
        Assert.Equal(1, backend.Store.QuestionsStored);
    }

    [Fact]
    public async Task Core_SameKeyOtherBody_Is422_T64()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question("One"), headers: Headers);

        var other = await backend.AskAsync(TestBackend.Question("Two"), headers: Headers);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_mismatch"), (other.Status, other.Code));
        Assert.Equal("019b8d7d-f23b-7a1b-ac3d-4e5f60718293", (string?)other.Json["operation_id"]);
    }

    [Fact]
    public async Task Core_RepeatInFlight_JoinsTheWork_T64()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;

        var first = backend.AskAsync(TestBackend.Question(), headers: Headers);
        await held.WaitUntilAskedAsync();
        var repeat = backend.AskAsync(TestBackend.Question(), headers: Headers);
        var other = await backend.AskAsync(TestBackend.Question("Another"), headers: Headers);
        held.Release("Once.");

        Assert.Equal("idempotency_mismatch", other.Code);
        Assert.Equal("Once.", (string?)(await first).Json["reply"]);
        Assert.Equal("Once.", (string?)(await repeat).Json["reply"]);
        Assert.Single(backend.Advisor.Prompts);
        Assert.Equal(1, backend.Store.QuestionsStored);
        Assert.Equal(0.5m, (decimal)(await backend.GetAsync("/metrics")).Json["total_cost_usd"]!);
    }

    [Fact]
    public async Task Core_WhoBeganLeavesAndARepeatStays_TheRepeatCountsTheCost_T64()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;

        var first = backend.AskAsync(TestBackend.Question(), headers: [.. Headers, ("X-Deadline-Ms", "1500")]);
        await held.WaitUntilAskedAsync();
        var repeat = backend.AskAsync(TestBackend.Question(), headers: Headers);
        await backend.Time.WaitForTimersAsync(2);
        backend.Time.Advance(TimeSpan.FromMilliseconds(1500));
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await first).Status);
        held.Release("Once.");

        Assert.Equal("Once.", (string?)(await repeat).Json["reply"]);
        Assert.Equal(0.5m, (decimal)(await backend.GetAsync("/metrics")).Json["total_cost_usd"]!);
    }

    [Fact]
    public async Task Core_SameKeyOfAnotherUser_IsAnotherQuestion()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        await backend.AskAsync(TestBackend.Question("Mine", "main", "ada"), key: TestBackend.AdaKey, headers: Headers);
        var bob = await backend.AskAsync(TestBackend.Question("His", "main", "bob"), key: TestBackend.BobKey, headers: Headers);

        Assert.Equal(HttpStatusCode.OK, bob.Status);
        Assert.Equal(2, backend.Store.QuestionsStored);
    }

    [Fact]
    public async Task Core_DeadlineSpent_Is504AndTheWorkIsCancelled_T67()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;

        var asking = backend.AskAsync(TestBackend.Question(conversation: "c"), headers: [.. Headers, ("X-Deadline-Ms", "1500")]);
        await held.WaitUntilAskedAsync();
        backend.Time.Advance(TimeSpan.FromMilliseconds(1500));
        var reply = await asking;
        await held.WaitUntilCancelledAsync();

        Assert.Equal((HttpStatusCode.GatewayTimeout, "deadline_exceeded"), (reply.Status, reply.Code));
        Assert.Single((await backend.GetAsync("/conversations/c")).Json["messages"]!.AsArray());
    }

    [Theory]
    [InlineData("/api/maestra/core", """{"user_id":"a","surface_id":"s","message":"m"}""", 60)]
    [InlineData("/advisor/ask", """{"message":"m","mode":"deep"}""", 300)]
    public async Task Ask_WithoutDeadline_HasItsDefault(string path, string body, int seconds)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;

        var asking = backend.AskAsync(body, path);
        await held.WaitUntilAskedAsync();
        backend.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.False(asking.IsCompleted);
        backend.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(HttpStatusCode.GatewayTimeout, (await asking).Status);
    }

    [Fact]
    public async Task Core_ClientGone_WorkStops_T67()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;
        using var gone = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/maestra/core") { Content = TestBackend.Json(TestBackend.Question()) };

        var asking = backend.Client.SendAsync(request, gone.Token);
        await held.WaitUntilAskedAsync();
        await gone.CancelAsync();

        await held.WaitUntilCancelledAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task Core_DeadlineSpentWhileStoring_TellsTheReply()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var storing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        backend.Store.BeforeReply = () =>
        {
            storing.SetResult();
            return goOn.Task;
        };

        var asking = backend.AskAsync(TestBackend.Question(), headers: [("X-Deadline-Ms", "1000")]);
        await storing.Task;
        backend.Time.Advance(TimeSpan.FromMilliseconds(1000));
        goOn.SetResult();

        // "No reply was stored" would be a lie by now.
        Assert.Equal(HttpStatusCode.OK, (await asking).Status);
    }

    [Theory]
    [InlineData("Idempotency-Key", "not-a-uuid")]
    [InlineData("Idempotency-Key", "{019b8d7d-f23b-7a1b-ac3d-4e5f60718293}")]
    [InlineData("X-Deadline-Ms", "0")]
    [InlineData("X-Deadline-Ms", "600001")]
    [InlineData("X-Deadline-Ms", "soon")]
    public async Task Core_MalformedHeader_Is400AndNamesIt(string name, string value)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.AskAsync(TestBackend.Question(), headers: [(name, value)]);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_header"), (reply.Status, reply.Code));
        Assert.Contains(name, (string?)reply.Json["detail"], StringComparison.Ordinal);
        Assert.Empty(backend.Advisor.Prompts);
    }

    [Theory]
    [InlineData(StoreFailureKind.Unavailable, HttpStatusCode.ServiceUnavailable, "store_unavailable")]
    [InlineData(StoreFailureKind.NoRoom, HttpStatusCode.InsufficientStorage, "store_unavailable")]
    [InlineData(StoreFailureKind.OutcomeUnknown, HttpStatusCode.InternalServerError, "store_failed")]
    internal async Task Core_StoreCannotCommit_IsNever200_T30(StoreFailureKind kind, HttpStatusCode status, string code)
    {
        await using var backend = await TestBackend.StartLocalAsync();
        backend.Store.Failure = new StoreFailure(kind, "No room.");

        var reply = await backend.AskAsync(TestBackend.Question());

        Assert.Equal((status, code), (reply.Status, reply.Code));
        Assert.Empty(backend.Advisor.Prompts);
    }

    [Fact]
    public async Task Core_MoreThanMayRunAndWait_Is503AndHealthStillAnswers()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;
        const int Inside = 64 + 256;

        var asking = Enumerable.Range(0, Inside + 1).Select(_ => backend.AskAsync(TestBackend.Question())).ToList();
        var first = await Task.WhenAny(asking);
        asking.Remove(first);
        var refused = await first;
        var health = await backend.GetAsync("/health");
        held.Release("All of you.");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "overloaded", "1"), (refused.Status, refused.Code, refused.Headers["Retry-After"]));
        Assert.Equal(HttpStatusCode.OK, health.Status);
        Assert.All(await Task.WhenAll(asking), reply => Assert.Equal(HttpStatusCode.OK, reply.Status));
    }
}
