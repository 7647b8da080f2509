using System.Net;
using ConversationHub.Testing.Time;
using Polly.CircuitBreaker;

namespace ConversationHub.Routing.Tests.Breakers;

public sealed class TargetPipelineTests : IDisposable
{
    private static readonly TimeSpan Share = TimeSpan.FromSeconds(3);

    private readonly ManualTimeProvider _time = new();
    private readonly CountingHandler _handler = new();
    private readonly HttpClient _client;
    private readonly TargetPipeline _pipeline;

    public TargetPipelineTests()
    {
        _client = new HttpClient(_handler);
        _pipeline = new TargetPipeline(_time);
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Send_BreakerOpen_SendsNothing()
    {
        _pipeline.Open();
        using var request = Request();

        var outcome = await _pipeline.SendAsync(_client, request, CancellationToken.None);

        Assert.IsAssignableFrom<BrokenCircuitException>(outcome.Exception);
        Assert.Equal(0, _handler.Sent);
        Assert.True(_pipeline.IsOpen);
    }

    [Fact]
    public async Task Send_BreakerOpenAndPastIt_Sends()
    {
        _pipeline.Open();
        using var request = Request();

        var outcome = await TargetPipeline.SendPastBreakerAsync(_client, request, CancellationToken.None);

        Assert.Equal((HttpStatusCode.OK, 1), (outcome.Result!.StatusCode, _handler.Sent));
        Assert.True(_pipeline.IsOpen);
    }

    [Fact]
    public async Task Send_BreakerClosedAgain_Sends()
    {
        _pipeline.Open();
        _pipeline.Close();
        using var request = Request();

        var outcome = await _pipeline.SendAsync(_client, request, CancellationToken.None);

        Assert.Equal((HttpStatusCode.OK, 1), (outcome.Result!.StatusCode, _handler.Sent));
        Assert.False(_pipeline.IsOpen);
    }

    /// <summary>The package's own settings would retry, or open after failures of its own counting.</summary>
    [Fact]
    public async Task Send_ManyFailures_EachIsSentOnceAndNoneOpensTheBreaker()
    {
        const int Calls = 300;
        for (var call = 0; call < Calls; call++)
        {
            _handler.Answer = () => call % 2 == 0 ? new HttpResponseMessage(HttpStatusCode.InternalServerError) : throw new HttpRequestException("broken");
            using var request = Request();

            var outcome = await _pipeline.SendAsync(_client, request, CancellationToken.None);

            Assert.Equal(call % 2 == 0, outcome.Exception is null);
            Assert.True(outcome.Exception is null or HttpRequestException);
        }

        Assert.Equal(Calls, _handler.Sent);
        Assert.False(_pipeline.IsOpen);
    }

    [Fact]
    public async Task Run_ShareIsSpent_IsDeadline()
    {
        var running = _pipeline.RunAsync(
            static async (time, cancellationToken) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
                return new AttemptResult(AttemptOutcome.Answered);
            },
            (TimeProvider)_time,
            Share,
            CancellationToken.None);
        _time.Advance(Share - TimeSpan.FromMilliseconds(1));
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(AttemptOutcome.Deadline, (await running).Outcome);
    }

    [Fact]
    public async Task Run_CallerCancels_Throws()
    {
        using var caller = new CancellationTokenSource();
        var running = _pipeline.RunAsync(
            static async (time, cancellationToken) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
                return new AttemptResult(AttemptOutcome.Answered);
            },
            (TimeProvider)_time,
            Share,
            caller.Token);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static HttpRequestMessage Request() => new(HttpMethod.Post, "http://127.0.0.1:8825/api/maestra/core");

    private sealed class CountingHandler : HttpMessageHandler
    {
        public int Sent { get; private set; }

        public Func<HttpResponseMessage> Answer { get; set; } = static () => new HttpResponseMessage(HttpStatusCode.OK);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Sent++;
            return Task.FromResult(Answer());
        }
    }
}
