using ConversationHub.Store.Search;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Search;

/// <summary>The search index on disk: whatever is in files, in memory or missing, the same is found.</summary>
public sealed class SearchFilesTests
{
    [Fact]
    public async Task Open_SearchFileDamagedOrGone_IsMadeAnewAndFindsTheSame()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await FillAsync(root);
        var path = Assert.Single(Directory.GetFiles(Path.Combine(root, "log", "search")));
        var right = await File.ReadAllBytesAsync(path);

        for (var at = 0; at < 64; at += 9)
        {
            var wrong = right.ToArray();
            wrong[at] ^= 1;
            await File.WriteAllBytesAsync(path, wrong);
            await using var store = OpenedStore.At(root);
            Assert.Contains(store.Logger.Records.Snapshot(), record => record.Event.Id == 2053);
            await FindsAllAsync(store);
        }

        Directory.Delete(Path.Combine(root, "log", "search"), recursive: true);
        await using var without = OpenedStore.At(root);
        await FindsAllAsync(without);
    }

    [Fact]
    public async Task Open_AfterManyRestarts_FindsAllAndKeepsFewFiles()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        for (var run = 0; run < 10; run++)
        {
            await using var store = OpenedStore.At(root);
            await store.ExchangeAsync($"needle number{run}", "an answer", $"c{run}");
        }

        await using var last = OpenedStore.At(root);
        Assert.Equal(10, (await last.SearchAsync(Query("needle"))).Count);
        for (var run = 0; run < 10; run++)
            Assert.Equal($"c{run}", Assert.Single(await last.SearchAsync(Query($"number{run}"))).ConversationId.ToString());
    }

    [Fact]
    public async Task Search_WithoutAnIndex_LooksThroughTheNewestMessages()
    {
        using var folder = new TemporaryFolder();
        var root = folder.Combine("hub");
        await FillAsync(root);
        var options = OpenedStore.Options(root) with { KeepsSearchIndex = false };
        var time = new ConversationHub.Testing.Time.ManualTimeProvider();
        var opening = StoreOpener.OpenLog(options, time, new Contracts.IdSource(time), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        await using (var store = Assert.IsType<StoreOpening.Opened>(opening).Store)
        {
            var found = Assert.IsType<SearchOutcome.Ranked>(await store.SearchAsync(Query("common rare7"), CancellationToken.None)).Passages;
            Assert.Equal("c7", found[0].ConversationId.ToString());
            Assert.False(Directory.Exists(Path.Combine(root, "log", "search")) && Directory.EnumerateFiles(Path.Combine(root, "log", "search")).Any());
        }

        await using var on = OpenedStore.At(root);
        await FindsAllAsync(on);
    }

    /// <summary>Files and memory together rank as one index that was never written to disk.</summary>
    [Fact]
    public void Rank_OverSegments_IsThatOfOneIndex()
    {
        using var folder = new TemporaryFolder();
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var whole = new SearchIndex();
            var parts = new SearchIndex();
            var paths = 0;
            for (var document = 0; document < 400; document++)
            {
                var terms = TermCounts.Of(string.Join(' ', Enumerable.Range(0, random.Next(0, 12)).Select(_ => $"w{(int)(30 * random.NextDouble() * random.NextDouble())}")));
                var facts = new DocumentFacts(random.Next(3), (uint)random.Next(100), (ushort)random.Next(2), DocumentFacts.LengthOf(terms));
                whole.Add(document, facts, terms);
                parts.Add(document, facts, terms);
                if (random.Next(40) == 0)
                    Spill(parts, folder.Combine($"{seed}-{paths++}.idx"));
                if (random.Next(60) == 0 && parts.Current.Disk.Count > 1)
                    MergeAll(parts, folder.Combine($"{seed}-{paths++}.idx"));
            }

            for (var n = 0; n < 20; n++)
            {
                var query = new[] { $"w{random.Next(30)}", $"w{random.Next(30)}" };
                var filter = new SearchFilter(random.Next(2) == 0 ? null : random.Next(3), random.Next(2) == 0 ? null : random.Next(2), (uint)random.Next(40), (uint)random.Next(60, 100));
                Assert.Equal(whole.Rank(query, filter, 50), parts.Rank(query, filter, 50));
            }

            parts.Close();
        }
    }

    [Fact]
    public void Choose_ManyFilesOfUnlikeSizes_StaysBounded()
    {
        var files = new List<int>();
        var random = new Random(5);
        var written = 0L;
        for (var n = 0; n < 3_000; n++)
        {
            files.Add(random.Next(3) == 0 ? 8192 : random.Next(1, 50));
            while (MergePolicy.Choose(files) is var (first, count))
            {
                var sum = files.Skip(first).Take(count).Sum();
                written += sum;
                files.RemoveRange(first, count);
                files.Insert(first, sum);
            }

            Assert.InRange(files.Count, 1, 56);
        }

        Assert.InRange(written, 0, 8L * files.Sum(static one => (long)one));
    }

    private static void Spill(SearchIndex index, string path)
    {
        index.Rotate();
        while (index.Current.Memory is { Count: > 1 } memory)
        {
            SegmentMerge.Write(path, Store.Disk.PhysicalDisk.Instance, memory[0], index.Documents, new bool[memory[0].To - memory[0].From], Guid.Empty);
            index.Replace([], memory[0], [DiskSegment.TryOpen(path)!]);
        }
    }

    private static void MergeAll(SearchIndex index, string path)
    {
        var files = index.Current.Disk.ToArray();
        SegmentMerge.Write(path, Store.Disk.PhysicalDisk.Instance, files, index.Documents, new bool[files[^1].To - files[0].From], Guid.Empty);
        index.Replace(files, null, [DiskSegment.TryOpen(path)!]);
    }

    private static async Task FillAsync(string root)
    {
        await using var store = OpenedStore.At(root);
        for (var n = 0; n < 10; n++)
            await store.ExchangeAsync($"common rare{n}", "Yes.", $"c{n}");
    }

    private static async Task FindsAllAsync(OpenedStore store)
    {
        Assert.Equal(10, (await store.SearchAsync(Query("common"))).Count);
        for (var n = 0; n < 10; n++)
            Assert.Equal($"c{n}", Assert.Single(await store.SearchAsync(Query($"rare{n}"))).ConversationId.ToString());
    }

    private static SearchQuery Query(string text) => new() { Text = text, Owner = OpenedStore.Ada, Limit = 100 };
}
