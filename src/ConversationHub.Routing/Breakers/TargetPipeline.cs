using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace ConversationHub.Routing;

/// <summary>
/// The two strategies of one target, outermost first: a timeout around an attempt, a circuit breaker around the one request in it.
/// Both are those of Microsoft.Extensions.Http.Resilience, without its standard handler: that repeats a POST (docs/decisions/0003).
/// The breaker never opens by itself: what opens and closes it is decided by <see cref="BreakerPolicy"/>,
/// since Polly counts ratios, not failures in a row, and would let a user's call be the probe. Thread-safe.
/// </summary>
internal sealed class TargetPipeline
{
    private static readonly ResiliencePropertyKey<TimeSpan> ShareKey = new("attempt-share");

    private readonly CircuitBreakerManualControl _control = new();
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<AttemptResult> _timeout;
    private readonly ResiliencePipeline<HttpResponseMessage> _breaker;

    public TargetPipeline(TimeProvider time)
    {
        _timeout = new ResiliencePipelineBuilder<AttemptResult> { TimeProvider = time }
            .AddTimeout(new HttpTimeoutStrategyOptions
            {
                TimeoutGenerator = static arguments =>
                    ValueTask.FromResult(arguments.Context.Properties.GetValue(ShareKey, TimeSpan.Zero)),
            })
            .Build();
        _breaker = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
            {
                ManualControl = _control,
                StateProvider = _state,
                ShouldHandle = static _ => PredicateResult.False(),
            })
            .Build();
    }

    public bool IsOpen => _state.CircuitState is CircuitState.Isolated or CircuitState.Open;

    /// <summary>Opens the breaker; idempotent. Polly completes this synchronously where no callback is set.</summary>
    public void Open() => _control.IsolateAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Closes the breaker; idempotent. Polly completes this synchronously where no callback is set.</summary>
    public void Close() => _control.CloseAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Runs one attempt. A spent share gives <see cref="AttemptOutcome.Deadline"/>.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<AttemptResult> RunAsync<TState>(
        Func<TState, CancellationToken, ValueTask<AttemptResult>> attempt, TState state, TimeSpan share, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(ShareKey, share);
            var outcome = await _timeout.ExecuteOutcomeAsync(
                static async (context, call) =>
                {
                    try
                    {
                        return Outcome.FromResult(
                            await call.attempt(call.state, context.CancellationToken).ConfigureAwait(false));
                    }
                    catch (OperationCanceledException cancelled)
                    {
                        return Outcome.FromException<AttemptResult>(cancelled);
                    }
                },
                context,
                (attempt, state)).ConfigureAwait(false);
            if (outcome.Exception is TimeoutRejectedException)
                return new AttemptResult(AttemptOutcome.Deadline);
            outcome.ThrowIfException();
            return outcome.Result!;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>Sends one request until its headers are there, unless the breaker is open: then the outcome is a <see cref="BrokenCircuitException"/>.</summary>
    public async ValueTask<Outcome<HttpResponseMessage>> SendAsync(HttpClient client, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            return await _breaker.ExecuteOutcomeAsync(
                static (context, call) => SendPastBreakerAsync(call.client, call.request, context.CancellationToken),
                context,
                (client, request)).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>As <see cref="SendAsync"/>, whatever the breaker's state.</summary>
    public static async ValueTask<Outcome<HttpResponseMessage>> SendPastBreakerAsync(
        HttpClient client, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Outcome.FromResult(
                await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false));
        }
#pragma warning disable CA1031 // Whatever the transport throws is an outcome here; what is none of the transport's is thrown again by whoever reads it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return Outcome.FromException<HttpResponseMessage>(failure);
        }
    }
}
