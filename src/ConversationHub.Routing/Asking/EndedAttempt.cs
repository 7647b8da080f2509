namespace ConversationHub.Routing;

/// <summary>An attempt with what follows from it.</summary>
internal sealed record EndedAttempt(TargetBoard Board, AttemptResult Result, Verdict Verdict, TimeSpan Elapsed)
{
    public static EndedAttempt Of(TargetBoard board, AttemptResult result, TimeSpan elapsed) =>
        new(board, result, FailureTable.Judge(result), elapsed);

    public Attempt Told => new(Board.Name, Result.Outcome, Result.Status, Elapsed, Result.Code, Verdict.MayHaveRun, Result.Detail);
}
