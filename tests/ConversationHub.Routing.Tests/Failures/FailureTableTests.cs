namespace ConversationHub.Routing.Tests.Failures;

/// <summary>The table of design.md §4, row by row.</summary>
public sealed class FailureTableTests
{
    [Theory]
    [InlineData("Answered", false, "Success", "Answer", 0)]
    [InlineData("Refused", false, "Open", "NextTarget", 0)]
    [InlineData("Unreachable", false, "Open", "NextTarget", 0)]
    [InlineData("Dns", false, "Open", "NextTarget", 0)]
    [InlineData("ConnectTimeout", false, "Open", "NextTarget", 0)]
    [InlineData("Tls", false, "Open", "Stop", 0)]
    [InlineData("Identity", false, "Open", "Stop", 0)]
    [InlineData("Reset", true, "Failure", "NextTarget", 2)]
    [InlineData("Truncated", true, "Failure", "NextTarget", 2)]
    [InlineData("Malformed", true, "Failure", "NextTarget", 2)]
    [InlineData("Stalled", true, "Failure", "NextTarget", 2)]
    [InlineData("Deadline", true, "None", "NextTarget", 0)]
    [InlineData("Abandoned", true, "None", "NextTarget", 0)]
    [InlineData("Impostor", false, "Open", "NextTarget", 0)]
    [InlineData("ErrorMode", true, "Failure", "NextTarget", 3)]
    [InlineData("SkippedOpen", false, "None", "NextTarget", 0)]
    [InlineData("SkippedBudget", false, "None", "NextTarget", 0)]
    public void Judge_Outcome_FollowsTheTable(string outcome, bool mayHaveRun, string effect, string next, int toOpen)
    {
        var verdict = FailureTable.Judge(new AttemptResult(Enum.Parse<AttemptOutcome>(outcome)));

        Assert.Equal((mayHaveRun, effect, next, toOpen), (verdict.MayHaveRun, verdict.Effect.ToString(), verdict.Next.ToString(), verdict.FailuresToOpen));
    }

    [Theory]
    [InlineData(301, false, false, "Failure", "NextTarget")]
    [InlineData(308, true, false, "Failure", "NextTarget")]
    [InlineData(400, false, false, "Success", "Final")]
    [InlineData(401, true, false, "Success", "Final")]
    [InlineData(403, true, false, "Success", "Final")]
    [InlineData(404, true, false, "Success", "Final")]
    [InlineData(404, false, false, "Open", "NextTarget")]
    [InlineData(405, true, false, "Success", "Final")]
    [InlineData(405, false, false, "Open", "NextTarget")]
    [InlineData(408, true, true, "None", "NextTarget")]
    [InlineData(409, true, false, "Success", "Final")]
    [InlineData(410, true, false, "Success", "Final")]
    [InlineData(413, true, false, "Success", "Final")]
    [InlineData(418, false, false, "Success", "Final")]
    [InlineData(422, true, false, "Success", "Final")]
    [InlineData(429, true, false, "None", "Final")]
    [InlineData(500, true, true, "Failure", "NextTarget")]
    [InlineData(501, false, true, "Failure", "NextTarget")]
    [InlineData(502, true, false, "Failure", "NextTarget")]
    [InlineData(502, false, true, "Failure", "NextTarget")]
    [InlineData(503, false, false, "Failure", "NextTarget")]
    [InlineData(504, true, false, "Failure", "NextTarget")]
    [InlineData(504, false, true, "Failure", "NextTarget")]
    [InlineData(507, true, true, "Failure", "NextTarget")]
    [InlineData(204, false, false, "Open", "NextTarget")]
    public void Judge_Status_FollowsTheTable(int status, bool isProblem, bool mayHaveRun, string effect, string next)
    {
        var verdict = FailureTable.Judge(new AttemptResult(AttemptOutcome.HttpStatus) { Status = status, IsProblem = isProblem });

        Assert.Equal((mayHaveRun, effect, next), (verdict.MayHaveRun, verdict.Effect.ToString(), verdict.Next.ToString()));
    }

    [Fact]
    public void Judge_EveryOutcome_HasARow() =>
        Assert.All(
            Enum.GetValues<AttemptOutcome>(),
            static outcome => Assert.NotNull(FailureTable.Judge(new AttemptResult(outcome) { Status = 500 })));

    [Fact]
    public void ToWire_EveryOutcome_HasANameOfItsOwn()
    {
        var names = Enum.GetValues<AttemptOutcome>().Select(static outcome => outcome.ToWire()).ToList();

        Assert.Equal(names.Count, names.Distinct().Count());
    }
}
