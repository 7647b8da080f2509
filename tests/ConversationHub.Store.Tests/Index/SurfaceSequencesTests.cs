using ConversationHub.Store.Index;

namespace ConversationHub.Store.Tests.Index;

public sealed class SurfaceSequencesTests
{
    [Fact]
    public void With_AnySurfaces_KeepsEachInTheOrderOfFirstUse()
    {
        var sequences = new SurfaceSequences();
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var used = Enumerable.Range(0, random.Next(12)).Select(_ => (ushort)random.Next(5)).ToArray();

            var sequence = used.Aggregate(SurfaceSequences.Empty, sequences.With);

            Assert.Equal(used.Distinct(), sequences.Of(sequence));
            for (ushort surface = 0; surface < 5; surface++)
                Assert.Equal(used.Contains(surface), sequences.Has(sequence, surface));
            Assert.Equal(sequence, used.Aggregate(SurfaceSequences.Empty, sequences.With));
        }
    }

    [Fact]
    public void With_AnotherOrder_IsAnotherSequence()
    {
        var sequences = new SurfaceSequences();

        var one = sequences.With(sequences.With(SurfaceSequences.Empty, 1), ushort.MaxValue);
        var other = sequences.With(sequences.With(SurfaceSequences.Empty, ushort.MaxValue), 1);

        Assert.NotEqual(one, other);
        Assert.Equal([1, ushort.MaxValue], sequences.Of(one));
        Assert.Equal([ushort.MaxValue, 1], sequences.Of(other));
    }
}
