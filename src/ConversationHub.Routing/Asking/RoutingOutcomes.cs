using System.Collections.Immutable;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>Makes the result of a question from what happened. Pure but for the deadline's clock.</summary>
internal static class RoutingOutcomes
{
    public static RoutingResult NoTarget(string why, TimeSpan elapsed) => new()
    {
        Error = new RoutingError(RoutingErrorCode.NoTargetAllowed, why, null),
        Attempts = [],
        Elapsed = elapsed,
    };

    public static RoutingResult Ended(EndedAttempt last, CallLog call, ImmutableArray<TargetBoard> plan)
    {
        var answered = last.Verdict.Next == NextStep.Answer;
        var attempts = call.TakeAttempts();
        return new RoutingResult
        {
            Reply = last.Result.Reply,
            Error = answered ? null : Error(last, call),
            ServedBy = answered ? last.Board.Name : null,
            Degraded = !answered || last.Board != plan[0] || last.Board.FreshHealth?.Answer.Status == TargetStatus.Degraded,
            MayHaveRun = attempts.Any(static attempt => attempt.MayHaveRun),
            Attempts = attempts,
            Elapsed = call.Deadline.Elapsed,
        };
    }

    /// <param name="whyNoCloud">Said when the cloud was not among the targets; null when it was.</param>
    public static RoutingResult NobodyAnswered(CallLog call, ImmutableArray<TargetBoard> plan, string? whyNoCloud)
    {
        var attempts = call.TakeAttempts();
        var outOfTime = call.Deadline.Remaining <= TimeShare.LeastUsable;
        var detail = outOfTime
            ? "No backend answered within the time there was."
            : plan.Length == 1 ? $"The {plan[0].Name.ToWire()} backend did not answer." : "No backend answered.";
        return new RoutingResult
        {
            Error = new RoutingError(
                outOfTime ? RoutingErrorCode.DeadlineExceeded : RoutingErrorCode.AllTargetsFailed,
                whyNoCloud is null ? detail : $"{detail} {whyNoCloud}",
                Seconds(call.RetryAfter)),
            Degraded = true,
            MayHaveRun = attempts.Any(static attempt => attempt.MayHaveRun),
            Attempts = attempts,
            Elapsed = call.Deadline.Elapsed,
        };
    }

    private static RoutingError Error(EndedAttempt last, CallLog call)
    {
        var target = last.Board.Name.ToWire();
        if (last.Verdict.Next == NextStep.Stop)
        {
            return new RoutingError(
                RoutingErrorCode.AllTargetsFailed,
                $"The {target} backend cannot be trusted: {last.Result.Detail}. Nothing was sent to another one; correct its URL or certificate.",
                null);
        }

        var status = last.Result.Status;
        return new RoutingError(
            last.Result.Code ?? CodeOf(status),
            last.Result.Detail ?? $"The {target} backend refused the question with status {status}.",
            Seconds(call.RetryAfter));
    }

    /// <summary>For backends that tell no code of their own.</summary>
    private static string CodeOf(int? status) => status switch
    {
        401 => ProblemCode.InvalidApiKey,
        403 => ProblemCode.UserMismatch,
        404 => ProblemCode.NotFound,
        405 => ProblemCode.MethodNotAllowed,
        410 => ProblemCode.ConversationErased,
        413 => ProblemCode.BodyTooLarge,
        415 => ProblemCode.JsonRequired,
        429 => ProblemCode.RateLimited,
        _ => ProblemCode.InvalidRequest,
    };

    private static int? Seconds(TimeSpan? wait) =>
        wait is { } time ? (int)Math.Ceiling(Math.Min(time.TotalSeconds, int.MaxValue)) : null;
}
