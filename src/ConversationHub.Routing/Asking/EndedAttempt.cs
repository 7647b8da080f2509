namespace ConversationHub.Routing;

/// <summary>An attempt with what follows from it.</summary>
/// <param name="IsDirect">It went past an open breaker, because every breaker was open.</param>
internal sealed record EndedAttempt(TargetBoard Board, AttemptResult Result, Verdict Verdict, TimeSpan Elapsed, bool IsDirect)
{
    public static EndedAttempt Of(TargetBoard board, AttemptResult result, TimeSpan elapsed, bool isDirect) =>
        new(board, result, FailureTable.Judge(result), elapsed, isDirect);

    public Attempt Told => new(Board.Name, Result.Outcome, Result.Status, Elapsed, Result.Code, Verdict.MayHaveRun, Result.Detail);
}
