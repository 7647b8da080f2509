namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>The audit that the proof rests on finds each kind of wrong.</summary>
public sealed class EffectAuditTests
{
    private const string Id = "019b8d7d-f23b-7a1b-ac3d-4e5f60718293";

    private static readonly CallRecord Answered = new("Why?", Id, "local", "Because.", false, new HashSet<string>(), new HashSet<string>(), false);
    private static readonly CallRecord Failed = Answered with { ServedBy = null, Answer = "" };
    private static readonly StoredMessage Question = new(Id, true, "Why?");
    private static readonly StoredMessage Reply = new(Id, false, "Because.");

    [Fact]
    public void Compare_StoredOnceAsTold_FindsNothing()
    {
        Assert.Empty(Audit(Answered, Question, Reply));
        Assert.Empty(Audit(Failed with { MayHaveRun = true, ToldOf = new HashSet<string> { "local" } }, Question, Reply));
        Assert.Empty(Audit(Failed with { Refusals = new HashSet<string> { "local" } }, Question));
        Assert.Empty(Audit(Failed));
    }

    [Fact]
    public void Compare_AnsweredAndNotStored_IsLost()
    {
        Assert.Contains("lost", Assert.Single(Audit(Answered)), StringComparison.Ordinal);
        Assert.Contains("lost", Assert.Single(Audit(Answered, Question)), StringComparison.Ordinal);
        Assert.Contains("another reply", Assert.Single(Audit(Answered, Question, Reply with { Content = "Perhaps." })), StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_StoredTwice_IsFound()
    {
        Assert.Contains("2 questions", Assert.Single(Audit(Answered, Question, Question, Reply)), StringComparison.Ordinal);
        Assert.Contains("doubled", Assert.Single(Audit(Answered, Question, Reply, Reply)), StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_RanAndNotTold_IsFound()
    {
        Assert.Contains("not told", Assert.Single(Audit(Failed, Question)), StringComparison.Ordinal);
        Assert.Contains("not told", Assert.Single(Audit(Answered with { ServedBy = "cloud" }, Question, Reply)), StringComparison.Ordinal);
        Assert.Contains("not told", Assert.Single(Audit(Failed with { Refusals = new HashSet<string> { "local" } }, Question, Reply)), StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_NobodyAsked_IsFound() =>
        Assert.Contains("nobody asked", Assert.Single(EffectAudit.Compare("local", [Question], [], new HashSet<string>())), StringComparison.Ordinal);

    [Fact]
    public void Compare_CallerWentAway_MayStandThereOrNot()
    {
        var cancelled = new HashSet<string> { Question.Content };

        Assert.Empty(EffectAudit.Compare("local", [Question, Reply], [], cancelled));
        Assert.Empty(EffectAudit.Compare("local", [Question], [], cancelled));
        Assert.Empty(EffectAudit.Compare("local", [], [], cancelled));
        Assert.Single(EffectAudit.Compare("local", [Question with { Content = "Who?" }], [], cancelled));
    }

    [Fact]
    public void RunAsSeveral_TwoOperationsOfOneQuestion_IsFound()
    {
        Assert.Empty(EffectAudit.RunAsSeveral([Question, Reply, Question]));
        Assert.Contains("doubled", Assert.Single(EffectAudit.RunAsSeveral([Question, Question with { OperationId = "other" }])), StringComparison.Ordinal);
    }

    [Fact]
    public void Doubled_TwoOfAKind_IsFound()
    {
        Assert.Empty(EffectAudit.Doubled("local", [Question, Reply]));
        Assert.Single(EffectAudit.Doubled("local", [Question, Reply, Reply]));
    }

    private static IReadOnlyList<string> Audit(CallRecord call, params StoredMessage[] stored) => EffectAudit.Compare("local", stored, [call], new HashSet<string>());
}
