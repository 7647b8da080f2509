using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Sync;

/// <summary>A line that goes bad while the store is open ends its own stream for peers, and no other.</summary>
public sealed class BrokenStreamTests
{
    [Fact]
    public async Task Missing_BehindAStreamThatCannotBeReadOn_IsSentAllTheSame()
    {
        using var folder = new TemporaryFolder();
        await using var store = OpenedStore.At(folder.Combine("hub"), StoreNamespace.PerUser, new Simulation.DyingDisk());
        var sync = (ISyncStore)store.Store;
        await store.ExchangeAsync("the first of ada", user: OpenedStore.Ada);
        await store.ExchangeAsync("the first of bob", user: OpenedStore.Bob);

        // Each stream alone fills a batch, whichever comes first.
        for (var n = 0; n < SyncLimits.BatchOperations / 2; n++)
        {
            await store.ExchangeAsync($"ada {n}", user: OpenedStore.Ada);
            await store.ExchangeAsync($"bob {n}", user: OpenedStore.Bob);
        }

        var nothing = new Dictionary<string, long>();
        var first = (await sync.ReadMissingAsync(SyncScope.Everybody, nothing, CancellationToken.None)).Batch!.Operations[0];
        Spoil(store.FirstSegment, first.Message!.Content);
        var batch = (await sync.ReadMissingAsync(SyncScope.Everybody, nothing, CancellationToken.None)).Batch!;

        Assert.Equal((SyncLimits.BatchOperations, true), (batch.Operations.Count, batch.More));
        Assert.All(batch.Operations, one => Assert.NotEqual(first.Origin, one.Origin));
        Assert.Equal(1, batch.Operations[0].Seq);
    }

    private static void Spoil(string segment, string content)
    {
        using var file = new FileStream(segment, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var bytes = new byte[4096];
        var read = file.Read(bytes);
        var at = System.Text.Encoding.UTF8.GetString(bytes, 0, read).IndexOf(content, StringComparison.Ordinal);
        file.Position = at;
        file.WriteByte((byte)'X');
    }
}
