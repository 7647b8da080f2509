using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Routing;

/// <summary>
/// Asks targets until one answers. The flow of a question:
/// (1) the deadline starts, and settings and route say which targets are allowed;
/// (2) those whose breaker is open are passed over, and each passing wakes the prober; one that slept looks again first;
/// (3) the next target gets its share of the time left, the rest is kept for who may follow;
/// (4) it is asked, with the same bytes and the same operation id as every other;
/// (5) the failure table says what the outcome means; the target's board takes it in;
/// (6) an answer, a final refusal or a configuration error ends the question; anything else goes back to (3);
/// (7) if nobody answered and every breaker is open of those that may be asked, those passed over get one direct try each;
/// (8) the result tells who answered and what became of every attempt.
/// </summary>
internal sealed class QuestionRouter(
    RoutingOptions options,
    TargetSet targets,
    AttemptRunner runner,
    Prober prober,
    RetryBudget budget,
    TimeProvider time,
    ILogger<QuestionRouter> logger)
    : IQuestionRouter
{
    public async Task<RoutingResult> AskAsync(Question question, CancellationToken cancellationToken)
    {
        // (1)
        var call = new CallLog(question, new Deadline(time, question.Budget));
        var plan = targets.For(options, question.Route);
        if (plan.IsEmpty)
            return RoutingOutcomes.NoTarget(RoutePlan.WhyEmpty(options, question.Route, question.RouteCause), call.Deadline.Elapsed);

        // (2)
        foreach (var board in plan)
        {
            if (board.IsOpen)
                await prober.RouseAsync(board, call.Deadline.Remaining, cancellationToken).ConfigureAwait(false);
        }

        var passedOver = plan.Any(static board => board.IsOpen) ? plan.RemoveAll(static board => !board.IsOpen) : [];
        var candidates = passedOver.IsEmpty ? plan : plan.RemoveRange(passedOver);

        var end = options.HedgeDelay is { } delay && question.MayHedge && candidates is [var first, var second]
            ? await AskHedgedAsync(first, second, delay, call, cancellationToken).ConfigureAwait(false)
            : await AskEachAsync(candidates, direct: false, call, cancellationToken).ConfigureAwait(false);

        // (7)
        if (end is null && !passedOver.IsEmpty && plan.All(board => board.IsOpen || call.IsKeptFrom(board.Name)))
            end = await AskEachAsync(passedOver, direct: true, call, cancellationToken).ConfigureAwait(false);
        else
            call.AddSkipped(passedOver);

        // (8)
        var result = end is null
            ? RoutingOutcomes.NobodyAnswered(call, plan, WhyCloudIsLeftOut(call))
            : RoutingOutcomes.Ended(end, call, plan);
        Log(question, result);
        return result;
    }

    private string? WhyCloudIsLeftOut(CallLog call) => call.KeptLocalCause is { } cause
        ? RoutePlan.WhyCloudIsLeftOut(options, Route.LocalOnly, cause)
        : RoutePlan.WhyCloudIsLeftOut(options, call.Question.Route, call.Question.RouteCause);

    private void Log(Question question, RoutingResult result)
    {
        var (servedBy, milliseconds) = (result.ServedBy?.ToWire() ?? "nobody", (long)result.Elapsed.TotalMilliseconds);
        if (result is { Degraded: true } or { Attempts.Length: > 1 } or { ServedBy: null })
            RoutingTelemetry.QuestionEnded(logger, question.RequestId.ToString(), servedBy, result.Attempts.Length, milliseconds);
        else if (logger.IsEnabled(LogLevel.Debug))
            RoutingTelemetry.QuestionAnswered(logger, question.RequestId.ToString(), servedBy, milliseconds);
    }

    /// <returns>The attempt that ended the question; null when nobody did.</returns>
    private async ValueTask<EndedAttempt?> AskEachAsync(
        ImmutableArray<TargetBoard> boards, bool direct, CallLog call, CancellationToken cancellationToken)
    {
        for (var i = 0; i < boards.Length; i++)
        {
            if (!call.MayAsk(boards[i].Name, await call.WhyKeptFromAsync(boards[i].Name, cancellationToken).ConfigureAwait(false)))
                continue;
            var anotherFollows = i + 1 < boards.Length;
            var ended = await AttemptAsync(boards[i], anotherFollows, direct, call, cancellationToken).ConfigureAwait(false);
            Conclude(ended, call);
            if (RepeatPolicy.IsWorthwhile(ended.Result, anotherFollows, boards[i].RecognisesRepeats)
                && await call.WhyKeptFromAsync(boards[i].Name, cancellationToken).ConfigureAwait(false) is null
                && budget.TrySpend())
            {
                ended = await AttemptAsync(boards[i], anotherFollows, direct, call, cancellationToken).ConfigureAwait(false);
                Conclude(ended, call);
            }

            // (6)
            if (ended.Verdict.Next != NextStep.NextTarget)
                return ended;
        }

        return null;
    }

    /// <summary>As <see cref="AskEachAsync"/> for two targets, but the second is asked as well when the first has not ended after the delay.</summary>
    private async Task<EndedAttempt?> AskHedgedAsync(
        TargetBoard first, TargetBoard second, TimeSpan delay, CallLog call, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // Not the caller's: a cancelled call ends with its attempt, and nothing else is to race that.
        using var early = new CancellationTokenSource();
        var firstAsked = AttemptAsync(first, anotherFollows: true, direct: false, call, abandon.Token).AsTask();
        var looked = LookAfterAsync(delay, second, call, early.Token);
        await Task.WhenAny(firstAsked, looked).ConfigureAwait(false);
        early.Cancel();
        cancellationToken.ThrowIfCancellationRequested();
        if (firstAsked.IsCompleted || !call.MayAsk(second.Name, await looked.ConfigureAwait(false)) || !budget.TrySpend())
        {
            var ended = Conclude(await firstAsked.ConfigureAwait(false), call);
            return ended.Verdict.Next == NextStep.NextTarget
                ? await AskEachAsync([second], direct: false, call, cancellationToken).ConfigureAwait(false)
                : ended;
        }

        var secondAsked = AttemptAsync(second, anotherFollows: false, direct: false, call, abandon.Token).AsTask();
        var winner = await (await Task.WhenAny(firstAsked, secondAsked).ConfigureAwait(false)).ConfigureAwait(false);
        Conclude(winner, call);
        var (other, loser) = winner.Board == first ? (secondAsked, second) : (firstAsked, first);
        if (winner.Verdict.Next == NextStep.Answer || (winner.Board == first && winner.Verdict.Next != NextStep.NextTarget))
        {
            call.AddAbandoned(loser.Name);
            abandon.Cancel();
            return winner;
        }

        // The one that ended first gave no answer: the other one's word counts, and if that is none either, a refusal does.
        var last = Conclude(await other.ConfigureAwait(false), call);
        return last.Verdict.Next != NextStep.NextTarget ? last : winner.Verdict.Next != NextStep.NextTarget ? winner : null;
    }

    /// <summary>What keeps the question from the second target once the delay is over. The first may end while that is asked of a slow disk.</summary>
    private async Task<string?> LookAfterAsync(TimeSpan delay, TargetBoard second, CallLog call, CancellationToken cancellationToken)
    {
        await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
        return await call.WhyKeptFromAsync(second.Name, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<EndedAttempt> AttemptAsync(
        TargetBoard board, bool anotherFollows, bool direct, CallLog call, CancellationToken cancellationToken)
    {
        // (3)
        var share = TimeShare.For(call.Deadline.Remaining, anotherFollows);
        if (share < TimeShare.LeastUsable)
            return EndedAttempt.Of(board, new AttemptResult(AttemptOutcome.SkippedBudget), TimeSpan.Zero, direct);

        // (4)
        call.Asking(board.Name);
        var started = time.GetTimestamp();
        var result = await runner.RunAsync(board, call.Question, share, direct, cancellationToken).ConfigureAwait(false);
        return EndedAttempt.Of(board, result, time.GetElapsedTime(started), direct);
    }

    /// <summary>(5)</summary>
    private EndedAttempt Conclude(EndedAttempt ended, CallLog call)
    {
        ended.Board.Report(ended.Result, ended.Verdict, ended.IsDirect);
        prober.Wake(ended.Board);
        call.Add(ended);
        if (ended.Verdict.Next == NextStep.Answer)
        {
            budget.Refund();
            prober.Learn(ended.Board);
        }
        else
        {
            RoutingTelemetry.AttemptFailed(
                logger, call.Question.RequestId.ToString(), ended.Board.Name.ToWire(), ended.Result.Outcome.ToWire(), ended.Result.Status ?? 0);
        }

        return ended;
    }
}
