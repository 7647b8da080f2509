using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace ConversationHub.Routing;

/// <summary>
/// The resilience pipeline of one target, outermost first: circuit breaker, attempt timeout.
/// Composed from Polly.Core because Microsoft.Extensions.Http.Resilience cannot be restored here; the option names are its own.
/// Its breaker never opens by itself: what opens and closes it is decided by <see cref="BreakerPolicy"/>,
/// since Polly counts ratios, not failures in a row, and would let a user's call be the probe. Thread-safe.
/// </summary>
internal sealed class TargetPipeline
{
    private static readonly ResiliencePropertyKey<TimeSpan> ShareKey = new("attempt-share");

    private readonly CircuitBreakerManualControl _control = new();
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<AttemptResult> _timeoutOnly;
    private readonly ResiliencePipeline<AttemptResult> _pipeline;

    public TargetPipeline(TimeProvider time)
    {
        _timeoutOnly = new ResiliencePipelineBuilder<AttemptResult> { TimeProvider = time }
            .AddTimeout(new TimeoutStrategyOptions
            {
                TimeoutGenerator = static arguments =>
                    ValueTask.FromResult(arguments.Context.Properties.GetValue(ShareKey, TimeSpan.Zero)),
            })
            .Build();
        _pipeline = new ResiliencePipelineBuilder<AttemptResult> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<AttemptResult>
            {
                ManualControl = _control,
                StateProvider = _state,
                ShouldHandle = static _ => PredicateResult.False(),
            })
            .AddPipeline(_timeoutOnly)
            .Build();
    }

    public bool IsOpen => _state.CircuitState is CircuitState.Isolated or CircuitState.Open;

    /// <summary>Opens the breaker; idempotent. Polly completes this synchronously where no callback is set.</summary>
    public void Open() => _control.IsolateAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Closes the breaker; idempotent. Polly completes this synchronously where no callback is set.</summary>
    public void Close() => _control.CloseAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Runs one attempt. A breaker that opened meanwhile gives <see cref="AttemptOutcome.SkippedOpen"/>, a spent share <see cref="AttemptOutcome.Deadline"/>.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<AttemptResult> RunAsync<TState>(
        Func<TState, CancellationToken, ValueTask<AttemptResult>> attempt, TState state, TimeSpan share, CancellationToken cancellationToken) =>
        RunAsync(_pipeline, attempt, state, share, cancellationToken);

    /// <summary>As <see cref="RunAsync{TState}(Func{TState, CancellationToken, ValueTask{AttemptResult}}, TState, TimeSpan, CancellationToken)"/>, whatever the breaker's state.</summary>
    public Task<AttemptResult> RunPastBreakerAsync<TState>(
        Func<TState, CancellationToken, ValueTask<AttemptResult>> attempt, TState state, TimeSpan share, CancellationToken cancellationToken) =>
        RunAsync(_timeoutOnly, attempt, state, share, cancellationToken);

    private static async Task<AttemptResult> RunAsync<TState>(
        ResiliencePipeline<AttemptResult> pipeline,
        Func<TState, CancellationToken, ValueTask<AttemptResult>> attempt,
        TState state,
        TimeSpan share,
        CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(ShareKey, share);
            var outcome = await pipeline.ExecuteOutcomeAsync(
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
            switch (outcome.Exception)
            {
                case BrokenCircuitException:
                    return new AttemptResult(AttemptOutcome.SkippedOpen);
                case TimeoutRejectedException:
                    return new AttemptResult(AttemptOutcome.Deadline);
                default:
                    outcome.ThrowIfException();
                    return outcome.Result!;
            }
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }
}
