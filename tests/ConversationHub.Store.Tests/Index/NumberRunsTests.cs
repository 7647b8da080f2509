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

    [Fact]
    public void Index_BeyondTheEnd_Throws()
    {
        var runs = new NumberRuns();
        runs.Add(5);

        Assert.Throws<ArgumentOutOfRangeException>(() => runs[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => runs[-1]);
    }
}
