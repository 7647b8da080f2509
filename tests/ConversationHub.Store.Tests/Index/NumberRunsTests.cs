using ConversationHub.Store.Index;

namespace ConversationHub.Store.Tests.Index;

public sealed class NumberRunsTests
{
    [Fact]
    public void Index_RunsOfAnyLength_GivesWhatWasAdded()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var runs = new NumberRuns();
            var expected = new List<int>();
            var number = 0;
            while (expected.Count < 2_000)
            {
                // Back, too: what came before its turn is added after what came later.
                number = random.Next(4) == 0 ? random.Next(1_000_000) : number + 1;
                expected.Add(number);
                runs.Add(number);
            }

            Assert.Equal(expected, Enumerable.Range(0, runs.Count).Select(at => runs[at]));
        }
    }

    /// <summary>Twenty users whose exchanges take turns, as in the large store: 8 bytes a run were 10 MB of a million operations.</summary>
    [Fact]
    public void Add_StreamsThatTakeTurns_TakeFewBytesEach()
    {
        const int Streams = 20;
        const int Operations = 100_000;
        var runs = new NumberRuns();
        for (var at = 0; at < Operations; at++)
            runs.Add(at * Streams);

        Assert.Equal(Streams * (Operations - 2), runs[Operations - 2]);
        Assert.InRange(runs.Bytes, 1, 4 * Operations);
    }

    [Fact]
    public void Index_BeyondTheEnd_Throws()
    {
        var runs = new NumberRuns();
        runs.Add(5);

        Assert.Throws<ArgumentOutOfRangeException>(() => runs[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => runs[-1]);
    }
}
