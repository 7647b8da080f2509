using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Routing.Tests.Breakers;

public sealed class TargetBoardTests
{
    /// <summary>
    /// Whatever happens, the breaker is what was decided, and two good probes in a row close it: on the board with its pipeline, as the
    /// program has it, and not on the policy alone.
    /// </summary>
    [Theory]
    [InlineData(TargetName.Local)]
    [InlineData(TargetName.Cloud)]
    public void AnyEvents_ThenTwoGoodProbes_AlwaysCloseTheBreakerItself(TargetName target)
    {
        const int Events = 1_000_000;
        const int Seed = 20260105;
        const int ProofEvery = 16;
        var random = new Random(Seed);
        var time = new ManualTimeProvider();
        var outcomes = Enum.GetValues<AttemptOutcome>();
        var board = new TargetBoard(target, new FixedLocator(new Uri("http://127.0.0.1:8900")), time, NullLogger.Instance);
        var timesOpen = 0;
        for (var i = 1; i <= Events; i++)
        {
            if (random.Next(4) == 0)
            {
                board.ReportProbe(random.Next(2) == 0, "a probe");
            }
            else
            {
                var result = new AttemptResult(outcomes[random.Next(outcomes.Length)])
                {
                    Status = 400 + random.Next(200),
                    RetryAfter = random.Next(8) == 0 ? TimeSpan.FromSeconds(random.Next(1, 200)) : null,
                };
                board.Report(result, FailureTable.Judge(result), isDirect: random.Next(2) == 0);
            }

            if (board.IsOpen != board.Record.IsOpen)
                Assert.Fail($"Seed {Seed}, event {i}: the breaker is {(board.IsOpen ? "open" : "closed")}, and was to be {board.Record}.");
            timesOpen += board.IsOpen ? 1 : 0;
            if (random.Next(64) == 0)
                time.Advance(TimeSpan.FromSeconds(random.Next(90)));
            if (i % ProofEvery != 0)
                continue;
            board.ReportProbe(succeeded: true, "a probe");
            board.ReportProbe(succeeded: true, "a probe");
            if (board.IsOpen)
                Assert.Fail($"Seed {Seed}, event {i}: stuck: {board.Record}");
        }

        Assert.InRange(timesOpen, Events / 10, Events);
    }
}
