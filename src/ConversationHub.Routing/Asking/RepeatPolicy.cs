namespace ConversationHub.Routing;

/// <summary>Decides whether a question is sent a second time to the same target (design.md §4, "Retry budget"). Pure.</summary>
internal static class RepeatPolicy
{
    /// <summary>
    /// Only a broken connection is worth a repeat, only where a repeat is recognised as one, and only where no other target
    /// would be asked next. Never more than once for a question, and only while <see cref="RetryBudget"/> lasts.
    /// </summary>
    public static bool IsWorthwhile(AttemptResult result, bool anotherFollows, bool recognisesRepeats) =>
        result.Outcome is AttemptOutcome.Reset or AttemptOutcome.Truncated && !anotherFollows && recognisesRepeats;
}
