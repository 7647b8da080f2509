namespace ConversationHub.Routing.Tests.Breakers;

public sealed class BreakerPolicyTests
{
    private static readonly DateTimeOffset Wall = new(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(AttemptOutcome.Refused, 0, 1)]
    [InlineData(AttemptOutcome.Impostor, 0, 1)]
    [InlineData(AttemptOutcome.Tls, 0, 1)]
    [InlineData(AttemptOutcome.Reset, 0, 2)]
    [InlineData(AttemptOutcome.Stalled, 0, 2)]
    [InlineData(AttemptOutcome.HttpStatus, 503, 3)]
    [InlineData(AttemptOutcome.HttpStatus, 500, 3)]
    [InlineData(AttemptOutcome.ErrorMode, 200, 3)]
    public void AfterAttempt_SameFailureAgainAndAgain_OpensAtItsNumber(AttemptOutcome outcome, int status, int opensAt)
    {
        var record = BreakerRecord.New;
        for (var failure = 1; failure <= opensAt; failure++)
        {
            Assert.Equal(BreakerState.Closed, record.State);
            record = After(record, Result(outcome, status), seconds: failure);
        }

        Assert.Equal(BreakerState.Open, record.State);
        Assert.Equal(1, record.TimesOpened);
    }

    [Fact]
    public void AfterAttempt_SuccessBetweenFailures_StartsTheCountAgain()
    {
        var record = After(BreakerRecord.New, Result(AttemptOutcome.Reset), 1);
        record = After(record, Result(AttemptOutcome.Answered), 2);
        record = After(record, Result(AttemptOutcome.Reset), 3);

        Assert.Equal(BreakerState.Closed, record.State);
    }

    [Theory]
    [InlineData(AttemptOutcome.Deadline, 0)]
    [InlineData(AttemptOutcome.HttpStatus, 429)]
    [InlineData(AttemptOutcome.HttpStatus, 408)]
    public void AfterAttempt_WhatIsNoFaultOfTheTarget_NeverOpens(AttemptOutcome outcome, int status)
    {
        var record = BreakerRecord.New;
        for (var i = 0; i < 100; i++)
            record = After(record, Result(outcome, status), i);

        Assert.Equal(BreakerRecord.New, record);
    }

    [Fact]
    public void AfterProbe_AfterARefusal_OneSuccessCloses()
    {
        var record = After(BreakerRecord.New, Result(AttemptOutcome.Refused), 1);

        Assert.Equal(BreakerState.Closed, Probe(record, succeeded: true, 2).State);
    }

    [Fact]
    public void AfterProbe_AfterErrors_TwoSuccessesInARowClose()
    {
        var record = After(After(BreakerRecord.New, Result(AttemptOutcome.Reset), 1), Result(AttemptOutcome.Reset), 2);

        record = Probe(record, succeeded: true, 3);
        Assert.Equal(BreakerState.HalfOpen, record.State);
        record = Probe(record, succeeded: false, 4);
        Assert.Equal(BreakerState.Open, record.State);
        record = Probe(record, succeeded: true, 5);
        Assert.Equal(BreakerState.HalfOpen, record.State);
        record = Probe(record, succeeded: true, 6);
        Assert.Equal(BreakerState.Closed, record.State);
        Assert.Equal(0, record.FailuresInARow);
    }

    [Fact]
    public void AfterAttempt_LocalOpensTwiceInAMinute_IsNotHeldButNeedsTwoGoodProbes()
    {
        var record = After(BreakerRecord.New, Result(AttemptOutcome.Refused), 1);
        Assert.Equal(1, record.SuccessesNeeded);
        record = After(Probe(record, succeeded: true, 2), Result(AttemptOutcome.Refused), 60);

        Assert.Equal((2, TimeSpan.FromSeconds(60)), (record.SuccessesNeeded, record.HeldUntil));
    }

    [Fact]
    public void AfterAttempt_SecondOpeningAfterAMinute_IsNoFlapping()
    {
        var record = After(BreakerRecord.New, Result(AttemptOutcome.Refused), 1);
        record = After(Probe(record, succeeded: true, 2), Result(AttemptOutcome.Refused), 61);

        Assert.Equal(1, record.SuccessesNeeded);
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(3600, 60)]
    public void AfterAttempt_RetryAfter_OpensAtOnceAndHoldsForAtMostAMinute(int retryAfter, int held)
    {
        var result = Result(AttemptOutcome.HttpStatus, 503) with { RetryAfter = TimeSpan.FromSeconds(retryAfter) };

        var record = After(BreakerRecord.New, result, 10);

        Assert.Equal(BreakerState.Open, record.State);
        Assert.Equal(TimeSpan.FromSeconds(10 + held), record.HeldUntil);
    }

    [Fact]
    public void AfterAttempt_AnswerToADirectTry_Closes()
    {
        var record = After(BreakerRecord.New, Result(AttemptOutcome.Refused), 1);

        Assert.Equal(BreakerState.Closed, After(record, Result(AttemptOutcome.Answered), 2, isDirect: true).State);
    }

    [Fact]
    public void AfterAttempt_AnswerToACallThatBeganBefore_LeavesItOpen()
    {
        var record = After(BreakerRecord.New, Result(AttemptOutcome.Refused), 1);

        Assert.Equal(record, After(record, Result(AttemptOutcome.Answered), 2));
    }

    /// <summary>Whatever happens, two good probes in a row close it: no breaker sticks.</summary>
    [Fact]
    public void AnyEvents_ThenTwoGoodProbes_AlwaysClose()
    {
        const int Events = 1_000_000;
        const int Seed = 20260105;
        var random = new Random(Seed);
        var outcomes = Enum.GetValues<AttemptOutcome>();
        var record = BreakerRecord.New;
        for (var i = 1; i <= Events; i++)
        {
            record = random.Next(4) == 0
                ? Probe(record, random.Next(2) == 0, i)
                : After(record, Result(outcomes[random.Next(outcomes.Length)], 400 + random.Next(200)), i, isDirect: random.Next(2) == 0);

            var closed = Probe(Probe(record, succeeded: true, i), succeeded: true, i);
            if (closed.State != BreakerState.Closed)
                Assert.Fail($"seed {Seed}, event {i}: stuck in {record}");
            if ((!record.IsOpen && record.SuccessesNeeded != 0) || record.HeldUntil > TimeSpan.FromSeconds(i) + BreakerPolicy.MaxHold)
                Assert.Fail($"seed {Seed}, event {i}: {record}");
        }
    }

    private static AttemptResult Result(AttemptOutcome outcome, int status = 0) =>
        new(outcome) { Status = status == 0 ? null : status, IsProblem = true };

    private static BreakerRecord After(BreakerRecord record, AttemptResult result, int seconds, bool isDirect = false) =>
        BreakerPolicy.AfterAttempt(record, TargetName.Local, result, FailureTable.Judge(result), isDirect, At(seconds));

    private static BreakerRecord Probe(BreakerRecord record, bool succeeded, int seconds) =>
        BreakerPolicy.AfterProbe(record, TargetName.Local, succeeded, "probe", At(seconds));

    private static Moment At(int seconds) => new(TimeSpan.FromSeconds(seconds), Wall.AddSeconds(seconds));
}
