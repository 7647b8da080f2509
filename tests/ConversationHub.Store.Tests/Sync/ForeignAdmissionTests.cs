using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Sync;
using FsCheck;
using FsCheck.Fluent;

namespace ConversationHub.Store.Tests.Sync;

/// <summary>What of a peer's batch is taken, for any cut, order and repetition of the batches (wire.md §9.5).</summary>
public sealed class ForeignAdmissionTests
{
    private const int Cases = 300;

    /// <summary>A vector never covers what is not held, whatever comes in whatever order; and once all came often enough, all is held.</summary>
    [Fact]
    public void Decide_AnyBatches_NeverLeavesAGapAndEndsWithEverything() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var all = Streams(random);
            var index = new StoreIndex(StoreNamespace.PerUser);
            for (var pass = 0; pass <= all.Length; pass++)
            {
                random.Shuffle(all);
                foreach (var batch in all.Concat(all.Take(random.Next(all.Length))).Chunk(1 + random.Next(all.Length)))
                {
                    Take(index, batch);
                    foreach (var origin in all.Select(static one => one.Origin).Distinct())
                        AssertGapless(index, origin, all);
                }
            }

            foreach (var stream in all.GroupBy(static one => one.Origin))
                Assert.Equal(stream.Count(), index.Streams.Find(stream.Key)!.Contiguous);
            Assert.Empty(ForeignAdmission.Decide(index, all).Accepted);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));

    /// <summary>Another operation under a number that is held, or twice in one batch: nothing of the batch is taken.</summary>
    [Fact]
    public void Decide_AnotherOperationUnderOneNumber_TakesNothing() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var all = Streams(random);
            var index = new StoreIndex(StoreNamespace.PerUser);
            var isHeld = random.Next(2) == 0;
            if (isHeld)
                Take(index, all);
            var forged = all[random.Next(all.Length)] with { Id = Guid.Parse("00000000-0000-7000-8000-ffffffffffff") };
            StoredOperation[] batch = [.. all, forged];
            random.Shuffle(batch);

            var decided = ForeignAdmission.Decide(index, batch);

            // Beyond a gap it would have been dropped; here every stream is whole.
            Assert.Equal(forged.Origin, decided.Conflict);
            Assert.Empty(decided.Accepted);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));

    private static void Take(StoreIndex index, StoredOperation[] batch)
    {
        var decided = ForeignAdmission.Decide(index, batch);
        Assert.Null(decided.Conflict);
        foreach (var at in decided.Accepted)
            index.Hold(batch[at], new OperationContent.Unknown(), default, out _);
    }

    private static void AssertGapless(StoreIndex index, string origin, StoredOperation[] all)
    {
        if (index.Streams.Find(origin) is not { } stream)
            return;
        for (var seq = 1; seq <= stream.Contiguous; seq++)
            Assert.NotEqual(OperationEntry.None, stream.NumberAt(seq));
        Assert.All(stream.Early, seq => Assert.Equal(OperationKind.Erase, all.Single(one => one.Origin == origin && one.Seq == seq).Kind));
    }

    private static StoredOperation[] Streams(Random random)
    {
        var operations = new List<StoredOperation>();
        for (var origin = random.Next(1, 4); origin > 0; origin--)
        {
            for (var seq = random.Next(1, 12); seq > 0; seq--)
            {
                var kind = random.Next(6) == 0 ? OperationKind.Erase : OperationKind.Message;
                operations.Add(new StoredOperation(
                    Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"00000000-0000-7000-8000-{(origin * 1000) + seq:D12}")),
                    kind, $"user{origin}", $"c{random.Next(3)}", $"o{origin}", seq, new HybridTimestamp((ulong)random.Next(1, 40))));
            }
        }

        return [.. operations];
    }
}
