namespace ConversationHub.Routing;

/// <summary>The table of design.md §4 as a function: what follows from what happened. Reads no clock, does no I/O.</summary>
internal static class FailureTable
{
    /// <summary>Bad gateways and the like: the backend, or what stands before it, is up but cannot serve.</summary>
    public const int StatusFailuresToOpen = 3;

    /// <summary>Broken connections and silence.</summary>
    public const int TransportFailuresToOpen = 2;

    private static readonly Verdict Answer = new(MayHaveRun: false, BreakerEffect.Success, NextStep.Answer);
    private static readonly Verdict NeverReached = new(MayHaveRun: false, BreakerEffect.Open, NextStep.NextTarget);
    private static readonly Verdict Misconfigured = new(MayHaveRun: false, BreakerEffect.Open, NextStep.Stop);
    private static readonly Verdict BrokenOff =
        new(MayHaveRun: true, BreakerEffect.Failure, NextStep.NextTarget, TransportFailuresToOpen);

    private static readonly Verdict NotServed =
        new(MayHaveRun: false, BreakerEffect.Failure, NextStep.NextTarget, StatusFailuresToOpen);

    private static readonly Verdict FailedInside =
        new(MayHaveRun: true, BreakerEffect.Failure, NextStep.NextTarget, StatusFailuresToOpen);

    private static readonly Verdict OutOfTime = new(MayHaveRun: true, BreakerEffect.None, NextStep.NextTarget);
    private static readonly Verdict Refused = new(MayHaveRun: false, BreakerEffect.Success, NextStep.Final);
    private static readonly Verdict OverQuota = new(MayHaveRun: false, BreakerEffect.None, NextStep.Final);
    private static readonly Verdict Skipped = new(MayHaveRun: false, BreakerEffect.None, NextStep.NextTarget);

    public static Verdict Judge(AttemptResult result) => result.Outcome switch
    {
        AttemptOutcome.Answered => Answer,
        AttemptOutcome.Refused or AttemptOutcome.Unreachable or AttemptOutcome.Dns
            or AttemptOutcome.ConnectTimeout or AttemptOutcome.Impostor => NeverReached,
        AttemptOutcome.Tls or AttemptOutcome.Identity => Misconfigured,
        AttemptOutcome.Reset or AttemptOutcome.Truncated or AttemptOutcome.Malformed
            or AttemptOutcome.Stalled => BrokenOff,
        AttemptOutcome.ErrorMode => FailedInside,

        // Alive but slow is no fault of the target, so its breaker does not count it.
        AttemptOutcome.Deadline or AttemptOutcome.Abandoned => OutOfTime,
        AttemptOutcome.SkippedOpen or AttemptOutcome.SkippedBudget => Skipped,
        AttemptOutcome.HttpStatus => JudgeStatus(result),
        _ => throw new ArgumentOutOfRangeException(nameof(result)),
    };

    private static Verdict JudgeStatus(AttemptResult result) => result.Status switch
    {
        // A gateway that gave up waiting, or lost the backend half-way, does not know what became of the question there.
        502 or 504 when !result.IsProblem => FailedInside,
        502 or 503 or 504 => NotServed,

        // A redirect was not followed, so nothing ran; the next target may still be configured rightly.
        >= 300 and < 400 => NotServed,
        404 or 405 when !result.IsProblem => NeverReached,
        408 => OutOfTime,
        429 => OverQuota,
        >= 400 and < 500 => Refused,
        >= 500 => FailedInside,

        // 1xx never arrives here, and a 2xx other than 200 is no answer Maestra gives.
        _ => NeverReached,
    };

    /// <summary>
    /// The outcome to tell: a status that only another service would give is told as such.
    /// </summary>
    public static AttemptOutcome OutcomeOf(AttemptResult result) =>
        result.Outcome == AttemptOutcome.HttpStatus && ReferenceEquals(JudgeStatus(result), NeverReached)
            ? AttemptOutcome.Impostor
            : result.Outcome;
}
