using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Routing;

/// <summary>
/// The one loop that asks targets until one answers. The flow of a question:
/// (1) the deadline starts, and settings and route say which targets are allowed;
/// (2) those whose breaker is open are passed over, and each passing wakes the prober;
/// (3) the next target gets its share of the time left, the rest is kept for who may follow;
/// (4) it is asked once, with the same bytes and the same operation id as every other;
/// (5) the failure table says what the outcome means; the target's board takes it in;
/// (6) an answer, a final refusal or a configuration error ends the question; anything else goes back to (3);
/// (7) if nobody answered and every breaker is open, those passed over get one direct try each;
/// (8) the result tells who answered and what became of every attempt.
/// </summary>
internal sealed class QuestionRouter(
    RoutingOptions options, TargetSet targets, AttemptRunner runner, Prober prober, TimeProvider time, ILogger<QuestionRouter> logger)
    : IQuestionRouter
{
    public async Task<RoutingResult> AskAsync(Question question, CancellationToken cancellationToken)
    {
        // (1)
        var call = new CallLog(new Deadline(time, question.Budget), question.Progress);
        var plan = targets.For(options, question.Route);
        if (plan.IsEmpty)
            return RoutingOutcomes.NoTarget(RoutePlan.WhyEmpty(options, question.Route), call.Deadline.Elapsed);

        // (2)
        var passedOver = plan.Where(static board => board.IsOpen).ToImmutableArray();
        var candidates = plan.RemoveRange(passedOver);
        foreach (var board in passedOver)
            prober.Wake(board);

        var end = await AskEachAsync(candidates, question, direct: false, call, cancellationToken).ConfigureAwait(false);
        if (end is null)
        {
            // (7)
            var everyBreakerOpen = plan.All(static board => board.IsOpen);
            if (everyBreakerOpen)
                end = await AskEachAsync(passedOver, question, direct: true, call, cancellationToken).ConfigureAwait(false);
            else
                call.AddSkipped(passedOver);
        }
        else
        {
            call.AddSkipped(passedOver);
        }

        // (8)
        var result = end is { } last
            ? RoutingOutcomes.Ended(last, call, plan)
            : RoutingOutcomes.NobodyAnswered(call, plan, RoutePlan.WhyCloudIsLeftOut(options, question.Route));
        RoutingTelemetry.QuestionEnded(
            logger, question.RequestId.ToString(), result.ServedBy?.ToWire() ?? "nobody", result.Attempts.Length, (long)result.Elapsed.TotalMilliseconds);
        return result;
    }

    /// <returns>The attempt that ended the question; null when the next target is to be asked.</returns>
    private async Task<EndingAttempt?> AskEachAsync(
        ImmutableArray<TargetBoard> boards, Question question, bool direct, CallLog call, CancellationToken cancellationToken)
    {
        for (var i = 0; i < boards.Length; i++)
        {
            // (3)
            var board = boards[i];
            var share = TimeShare.For(call.Deadline.Remaining, anotherMayFollow: i + 1 < boards.Length);
            if (share < TimeShare.LeastUsable)
            {
                call.Add(board.Name, new AttemptResult(AttemptOutcome.SkippedBudget), TimeSpan.Zero, mayHaveRun: false);
                continue;
            }

            // (4)
            call.Asking(board.Name);
            var started = time.GetTimestamp();
            var result = await runner.RunAsync(board, question, share, direct, cancellationToken).ConfigureAwait(false);

            // (5)
            var verdict = FailureTable.Judge(result);
            board.Report(result, verdict);
            prober.Wake(board);
            var attempt = call.Add(board.Name, result, time.GetElapsedTime(started), verdict.MayHaveRun);
            if (verdict.Next != NextStep.Answer)
                RoutingTelemetry.AttemptFailed(logger, question.RequestId.ToString(), board.Name.ToWire(), attempt.Outcome.ToWire(), result.Status ?? 0);

            // (6)
            if (verdict.Next != NextStep.NextTarget)
                return new EndingAttempt(board, result, verdict);
        }

        return null;
    }
}
