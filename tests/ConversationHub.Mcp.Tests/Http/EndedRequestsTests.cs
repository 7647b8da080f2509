using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ConversationHub.Mcp.Tests.Http;

/// <summary>Requests over HTTP whose answer does not come: the client is still there, and must neither wait for ever nor be left in doubt.</summary>
public sealed class EndedRequestsTests : HttpRig
{
    private const string Ask =
        """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"maestra_ask","arguments":{"message":"hello","conversation_id":"c7"}}}""";

    /// <summary>Nothing is answered to it, and the SDK's transport would hold its response open for ever: some hundreds of those are all the connections there are.</summary>
    [Fact]
    public async Task Cancelled_ItsPostEndsWithoutAnAnswer()
    {
        Router.OnAsk = NeverAsync;
        var session = (await OpenAsync())!;
        using var called = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(1);

        using var noted = await SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}""", ("Mcp-Session-Id", session));
        var told = await called.Content.ReadAsStringAsync().WaitAsync(TestTimeouts.Signal);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.OK, ""), (noted.StatusCode, called.StatusCode, told));
        Assert.Equal(HttpStatusCode.OK, await ListAsync(session));
    }

    [Fact]
    public async Task Delete_AQuestionIsOpen_ItIsAnsweredFirst()
    {
        var answer = new TaskCompletionSource<RoutingResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Router.OnAsk = (_, cancellationToken) => answer.Task.WaitAsync(cancellationToken);
        var session = (await OpenAsync())!;
        using var called = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(1);

        var ending = await BeginAsync(() => SendAsync(null, HttpMethod.Delete, ("Mcp-Session-Id", session)), timers: 2);
        Assert.Equal(HttpStatusCode.NotFound, await ListAsync(session));
        answer.SetResult(FakeRouter.Answered("Two rules were merged."));

        Assert.Equal("local", ServedBy(await AnswerAsync(called)));
        using var ended = await ending.WaitAsync(TestTimeouts.Signal);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
    }

    [Fact]
    public async Task Delete_NoAnswerComesInTime_ItIsToldThatItMayHaveRun()
    {
        Router.OnAsk = NeverAsync;
        var session = (await OpenAsync())!;
        using var called = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(1);

        var ending = await BeginAsync(() => SendAsync(null, HttpMethod.Delete, ("Mcp-Session-Id", session)), timers: 2);
        Time.Advance(TimeSpan.FromSeconds(HttpLimits.DrainSeconds));

        AssertMayHaveRun("The session was ended", await AnswerAsync(called).WaitAsync(TestTimeouts.Signal));
        using var ended = await ending.WaitAsync(TestTimeouts.Signal);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
    }

    /// <summary>Its question ran: told that nothing was done, the client would have it run a second time.</summary>
    [Fact]
    public async Task Delete_TheAnswerComesAsTheTimeIsOver_ItIsSent()
    {
        Router.OnAsk = AnsweredWhenCancelledAsync;
        var session = (await OpenAsync())!;
        using var called = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(1);

        var ending = await BeginAsync(() => SendAsync(null, HttpMethod.Delete, ("Mcp-Session-Id", session)), timers: 2);
        Time.Advance(TimeSpan.FromSeconds(HttpLimits.DrainSeconds));

        Assert.Equal("local", ServedBy(await AnswerAsync(called).WaitAsync(TestTimeouts.Signal)));
        using var ended = await ending.WaitAsync(TestTimeouts.Signal);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
    }

    /// <summary>Hundreds of questions on a busy machine: who is not told asks again, and with a new operation id.</summary>
    [Fact]
    public async Task Delete_TellingTakesTenSeconds_ItIsToldAllTheSame()
    {
        var machine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Router.OnAsk = async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await machine.Task;
            throw new OperationCanceledException(cancellationToken);
        };
        var session = (await OpenAsync())!;
        using var called = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(1);

        var ending = await BeginAsync(() => SendAsync(null, HttpMethod.Delete, ("Mcp-Session-Id", session)), timers: 2);
        Time.Advance(TimeSpan.FromSeconds(HttpLimits.DrainSeconds));
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.NotEmpty(Time.Waiting);
        machine.SetResult();

        AssertMayHaveRun("The session was ended", await AnswerAsync(called).WaitAsync(TestTimeouts.Signal));
        using var ended = await ending.WaitAsync(TestTimeouts.Signal);
    }

    /// <summary>Then the web server breaks off whatever is open.</summary>
    [Fact]
    public void Stop_TheWebServersLimit_LeavesTimeToTellEverybody() => Assert.InRange(
        App.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout,
        TimeSpan.FromSeconds(HttpLimits.DrainSeconds + 10),
        TimeSpan.FromSeconds(20));

    [Fact]
    public async Task Stop_TheAnswersComeAsTheTimeIsOver_TheyAreSent()
    {
        Router.OnAsk = AnsweredWhenCancelledAsync;
        var session = (await OpenAsync())!;
        using var called = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(1);
        var alone = AskAloneAsync();
        await Router.Asked.ItemAsync(2);

        var stopping = await BeginAsync(() => App.StopAsync(), timers: 2);
        Time.Advance(TimeSpan.FromSeconds(HttpLimits.DrainSeconds));

        Assert.Equal("local", ServedBy(await AnswerAsync(called).WaitAsync(TestTimeouts.Signal)));
        using var told = await alone.WaitAsync(TestTimeouts.Signal);
        Assert.Equal("local", ServedBy(await AnswerAsync(told).WaitAsync(TestTimeouts.Signal)));
        await stopping.WaitAsync(TestTimeouts.Signal);
    }

    /// <summary>It was not handed to the router: that is what "may have run" comes from.</summary>
    [Fact]
    public async Task Delete_TheQuestionStillWaitsInLine_ItIsToldThatNothingRan()
    {
        Router.OnAsk = NeverAsync;
        var session = (await OpenAsync())!;
        for (var place = 0; place < QuestionGate.MaxAtWork; place++)
            await Gate.EnterAsync(TimeSpan.Zero, CancellationToken.None);
        using var called = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Time.WaitForTimersAsync();

        var ending = await BeginAsync(() => SendAsync(null, HttpMethod.Delete, ("Mcp-Session-Id", session)), timers: 3);
        Time.Advance(TimeSpan.FromSeconds(HttpLimits.DrainSeconds));

        var error = (await AnswerAsync(called).WaitAsync(TestTimeouts.Signal))["error"]!;
        Assert.Equal((false, 0), (error["data"]!["may_have_run"]!.GetValue<bool>(), Router.Asked.Snapshot().Count));
        using var ended = await ending.WaitAsync(TestTimeouts.Signal);
    }

    [Fact]
    public async Task Stop_QuestionsAreOpen_OnesThatGetNoAnswerInTimeAreToldThatTheyMayHaveRun()
    {
        var session = (await OpenAsync())!;
        using var listening = await SendAsync(null, HttpMethod.Get, ("Mcp-Session-Id", session));
        var answer = new TaskCompletionSource<RoutingResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Router.OnAsk = (question, cancellationToken) => ReferenceEquals(question, Router.Asked.Snapshot()[0])
            ? answer.Task.WaitAsync(cancellationToken)
            : NeverAsync(question, cancellationToken);
        using var answered = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(1);
        using var called = await SendAsync(Ask.Replace("\"id\":2", "\"id\":3", StringComparison.Ordinal), ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(2);
        var alone = AskAloneAsync();
        await Router.Asked.ItemAsync(3);

        var stopping = await BeginAsync(() => App.StopAsync(), timers: 2);
        await listening.Content.ReadAsStringAsync().WaitAsync(TestTimeouts.Signal);
        answer.SetResult(FakeRouter.Answered("Two rules were merged."));
        Assert.Equal("local", ServedBy(await AnswerAsync(answered).WaitAsync(TestTimeouts.Signal)));
        Time.Advance(TimeSpan.FromSeconds(HttpLimits.DrainSeconds));

        AssertMayHaveRun("The hub was stopped", await AnswerAsync(called).WaitAsync(TestTimeouts.Signal), asked: 2);
        using var told = await alone.WaitAsync(TestTimeouts.Signal);
        AssertMayHaveRun("The hub was stopped", await AnswerAsync(told).WaitAsync(TestTimeouts.Signal), asked: 3);
        await stopping.WaitAsync(TestTimeouts.Signal);
    }

    /// <summary>Without a session nothing comes back before there is something to say, not even headers.</summary>
    private Task<HttpResponseMessage> AskAloneAsync() => SendAsync(
        Stateless(2, "tools/call", """ "name":"maestra_ask","arguments":{"message":"hello","conversation_id":"c7"}, """),
        ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "maestra_ask"));

    private static string? ServedBy(JsonObject answer) => answer["result"]?["structuredContent"]?["served_by"]?.GetValue<string>();

    private void AssertMayHaveRun(string why, JsonObject answer, int asked = 1)
    {
        var error = answer["error"]!;
        var operation = Router.Asked.Snapshot()[asked - 1].OperationId.ToString();
        Assert.StartsWith(why, error["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains($"may_have_run: true, operation_id: {operation}\nConversation: c7\n", error["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(
            (true, operation, "c7"),
            (error["data"]!["may_have_run"]!.GetValue<bool>(), error["data"]!["operation_id"]!.GetValue<string>(), error["data"]!["conversation_id"]!.GetValue<string>()));
    }

    /// <summary>Returns when it has set the timers by which what is open ends.</summary>
    private async Task<T> BeginAsync<T>(Func<T> end, int timers)
        where T : Task
    {
        var ending = end();
        await Time.WaitForTimersAsync(timers);
        return ending;
    }

    /// <summary>The backend's answer was there at that very moment.</summary>
    private static async Task<RoutingResult> AnsweredWhenCancelledAsync(Question question, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return FakeRouter.Answered("Two rules were merged.");
    }

    private static async Task<RoutingResult> NeverAsync(Question question, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException("It was not cancelled.");
    }
}
