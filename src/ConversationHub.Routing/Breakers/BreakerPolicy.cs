namespace ConversationHub.Routing;

/// <summary>
/// Decides when a target's breaker opens and closes (design.md §4). Pure: the breaker itself is Polly's,
/// and <see cref="TargetBoard"/> moves it by manual control as decided here.
/// Only a probe closes it, except that an answer to a direct try, made when every breaker is open, does too.
/// </summary>
internal static class BreakerPolicy
{
    /// <summary>The longest a <c>Retry-After</c> holds a target.</summary>
    public static readonly TimeSpan MaxHold = TimeSpan.FromSeconds(60);

    /// <summary>Opening twice within this time is flapping: one good probe is no proof then, and no hold keeps it from its return (docs/decisions/0068).</summary>
    public static readonly TimeSpan FlapWindow = TimeSpan.FromSeconds(60);

    /// <param name="isDirect">A direct try; any other success while it is open belongs to a call that began before.</param>
    public static BreakerRecord AfterAttempt(
        BreakerRecord record, TargetName target, AttemptResult result, Verdict verdict, bool isDirect, Moment now)
    {
        switch (verdict.Effect)
        {
            case BreakerEffect.Success:
                if (!record.IsOpen)
                    return record with { FailuresInARow = 0 };
                return isDirect ? Close(record, "answered a direct try", now) : record;
            case BreakerEffect.Open:
                return Open(record with { FailuresInARow = record.FailuresInARow + 1 }, target, result, now);
            case BreakerEffect.Failure:
                var failed = record with { FailuresInARow = record.FailuresInARow + 1 };

                // A backend that says when to come back is believed at once: asking it sooner cannot help.
                return failed.FailuresInARow >= verdict.FailuresToOpen || IsHeldBy(result)
                    ? Open(failed, target, result, now)
                    : failed;
            default:
                return record;
        }
    }

    public static BreakerRecord AfterProbe(BreakerRecord record, TargetName target, bool succeeded, string cause, Moment now)
    {
        if (!record.IsOpen)
            return record;
        if (!succeeded)
        {
            var failed = record with { FailedProbes = record.FailedProbes + 1 };

            // A failure between two successes starts the count again.
            return record.State == BreakerState.HalfOpen
                ? failed with { State = BreakerState.Open, SuccessesNeeded = 2, LastChange = new(BreakerState.Open, now.Wall, cause) }
                : failed;
        }

        return record.SuccessesNeeded <= 1
            ? Close(record, "probe succeeded", now)
            : record with
            {
                State = BreakerState.HalfOpen,
                SuccessesNeeded = record.SuccessesNeeded - 1,
                LastChange = new(BreakerState.HalfOpen, now.Wall, "probe succeeded"),
            };
    }

    private static BreakerRecord Open(BreakerRecord record, TargetName target, AttemptResult result, Moment now)
    {
        var hold = now.Monotonic;
        if (IsHeldBy(result))
            hold += result.RetryAfter < MaxHold ? result.RetryAfter.Value : MaxHold;
        if (record.IsOpen)
        {
            // Calls that were under way when it opened, and direct tries, end here: they only prolong a hold.
            return record with { HeldUntil = Max(record.HeldUntil, hold) };
        }

        var flaps = target == TargetName.Local && record.OpenedAt is { } before && now.Monotonic - before < FlapWindow;
        return record with
        {
            State = BreakerState.Open,
            SuccessesNeeded = result.Outcome == AttemptOutcome.Refused && !flaps ? 1 : 2,
            FailedProbes = 0,
            HeldUntil = hold,
            OpenedAt = now.Monotonic,
            TimesOpened = record.TimesOpened + 1,
            LastChange = new(BreakerState.Open, now.Wall, Cause(result)),
        };
    }

    private static BreakerRecord Close(BreakerRecord record, string cause, Moment now) => record with
    {
        State = BreakerState.Closed,
        FailuresInARow = 0,
        SuccessesNeeded = 0,
        FailedProbes = 0,
        HeldUntil = TimeSpan.Zero,
        LastChange = new(BreakerState.Closed, now.Wall, cause),
    };

    private static bool IsHeldBy(AttemptResult result) => result is { Status: >= 500, RetryAfter: { } wait } && wait > TimeSpan.Zero;

    private static string Cause(AttemptResult result) =>
        result.Status is { } status && result.Outcome == AttemptOutcome.HttpStatus ? $"status {status}" : result.Outcome.ToWire();

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
