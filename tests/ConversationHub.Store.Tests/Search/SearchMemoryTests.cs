using ConversationHub.Store.Disk;
using ConversationHub.Store.Search;
using ConversationHub.Testing;

namespace ConversationHub.Store.Tests.Search;

/// <summary>What the index keeps and what a search takes does not grow with the store, but for a few bytes of each message.</summary>
public sealed class SearchMemoryTests
{
    private const int Few = 20_000;
    private const int Many = 200_000;
    private const int Limit = 10;
    private const int WordsOfAMessage = 6;

    /// <summary>Those in the files' words are only counted by blocks: one hash for each 128.</summary>
    [Fact]
    public void Add_ManyMessages_KeepsOnlyTheNewestInMemory()
    {
        using var folder = new TemporaryFolder();
        var index = new SearchIndex();
        var largest = (Documents: 0, Terms: 0, Parts: 0);

        Fill(index, folder, Many, () => largest = (
            Math.Max(largest.Documents, index.Current.Memory.Sum(static part => part.To - part.From)),
            Math.Max(largest.Terms, index.Current.Memory.Sum(static part => part.Terms)),
            Math.Max(largest.Parts, index.Current.Memory.Count)));

        Assert.InRange(largest.Documents, 1, SearchIndex.DocumentsInMemory + 1);
        Assert.InRange(largest.Terms, 1, SearchIndex.TermsInMemory + WordsOfAMessage);
        Assert.Equal(2, largest.Parts);
        Assert.Equal(Many / SearchIndex.DocumentsInMemory, index.Current.Disk.Count);
        index.Close();
    }

    [Fact]
    public void Add_LongMessages_AreCountedByTheirWords()
    {
        using var folder = new TemporaryFolder();
        var index = new SearchIndex();
        const int WordsOfALongOne = 5_000;
        var largest = 0;
        for (var document = 0; document < 100; document++)
        {
            Add(index, document, Enumerable.Range(document * WordsOfALongOne, WordsOfALongOne).Select(static word => $"w{word}"));
            largest = Math.Max(largest, index.Current.Memory.Sum(static part => part.Terms));
            Spill(index, folder);
        }

        Assert.InRange(largest, 1, SearchIndex.TermsInMemory + WordsOfALongOne);
        index.Close();
    }

    /// <summary>The commonest word of all, so that every message is looked at; ten times as many take the same.</summary>
    [Fact]
    public void Rank_TenTimesAsManyMessages_TakesTheSameMemory()
    {
        var few = AllocatedByRank(Few);
        var many = AllocatedByRank(Many);

        Assert.InRange(many, 1, few + (few / 2));
    }

    private static long AllocatedByRank(int messages)
    {
        using var folder = new TemporaryFolder();
        var index = new SearchIndex();
        Fill(index, folder, messages, static () => { });

        // One file, as a store that rests has: a list is read whole.
        var files = index.Current.Disk.ToArray();
        var merged = folder.Combine("merged.idx");
        SegmentMerge.Write(merged, PhysicalDisk.Instance, files, index.Documents, new bool[files[^1].To], Guid.Empty);
        index.Replace(files, null, [DiskSegment.TryOpen(merged)!]);
        Rank();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Rank();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        index.Close();
        return allocated;

        void Rank() => Assert.Equal(Limit, index.Rank(["common"], new SearchFilter(null, null), Limit).Count);
    }

    private static void Fill(SearchIndex index, TemporaryFolder folder, int messages, Action seen)
    {
        for (var document = 0; document < messages; document++)
        {
            Add(index, document, Enumerable.Range(0, WordsOfAMessage - 1).Select(word => $"w{(document * 7 + word * 13) % 5_000}").Append("common"));
            seen();
            Spill(index, folder);
        }
    }

    private static void Add(SearchIndex index, int document, IEnumerable<string> words)
    {
        var terms = TermCounts.Of(string.Join(' ', words));
        index.Add(document, new DocumentFacts(0, 0, 0, DocumentFacts.LengthOf(terms)), terms);
    }

    /// <summary>As <see cref="SearchKeeper"/> does when a part of memory is full.</summary>
    private static void Spill(SearchIndex index, TemporaryFolder folder)
    {
        while (index.Current.Memory is { Count: > 1 } memory)
        {
            var path = folder.Combine($"{memory[0].From}.idx");
            SegmentMerge.Write(path, PhysicalDisk.Instance, memory[0], index.Documents, new bool[memory[0].To - memory[0].From], Guid.Empty);
            index.Replace([], memory[0], [DiskSegment.TryOpen(path)!]);
        }
    }
}
