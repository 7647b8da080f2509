using System.Buffers;

namespace ConversationHub.Store.Search;

/// <summary>
/// Ranks the documents of a set by <see cref="Bm25"/>, window by window, so that memory does not grow with the store. The rarest terms come first,
/// and of very common ones only so many documents are looked at, the newest first.
/// </summary>
internal static class DocumentScorer
{
    /// <summary>Documents are scored so many at a time.</summary>
    private const int WindowDocuments = 1 << 16;

    /// <summary>Entries of lists that one search walks: a word that stands in more messages than that tells next to nothing of any one of them.</summary>
    private const long MaxPostings = 400_000;

    /// <param name="documents">How many there are.</param>
    /// <param name="damaged">Called for a file whose lists are not what was written; its documents with that term are not found.</param>
    public static IReadOnlyList<ScoredDocument> Rank(
        SegmentSet set, DocumentTable facts, IReadOnlyList<ulong> terms, SearchFilter filter, int limit,
        int documents, double averageLength, Action<DiskSegment> damaged)
    {
        var plan = Plan(set, terms, documents);
        var top = new TopDocuments(limit);
        var scores = ArrayPool<float>.Shared.Rent(WindowDocuments);
        scores.AsSpan(0, WindowDocuments).Clear();
        try
        {
            var walked = 0L;
            for (var at = set.Memory.Count - 1; at >= 0; at--)
            {
                var lists = plan.Select(term => (set.Memory[at].Find(term.Hash), term.Rarity))
                    .Where(static one => one.Item1 is not null).Select(static one => new Cursor(one.Item1!.Value, one.Rarity)).ToArray();
                walked += Score(lists, facts, filter, averageLength, scores, top);
            }

            for (var at = set.Disk.Count - 1; at >= 0 && walked < MaxPostings; at--)
                walked += ScoreFile(set.Disk[at], plan.Select(term => (term.Files[at], term.Rarity)), facts, filter, averageLength, scores, top, damaged);
            return top.Take();
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scores);
        }
    }

    /// <summary>The terms that are looked up, rarest first, with their places in the files.</summary>
    private static List<PlannedTerm> Plan(SegmentSet set, IReadOnlyList<ulong> terms, int documents)
    {
        var found = terms.Select(hash =>
        {
            var files = set.Disk.Select(segment => segment.Find(hash)).ToArray();
            var count = files.Sum(static entry => (long)(entry?.Documents ?? 0)) + set.Memory.Sum(segment => (long)(segment.Find(hash)?.DocumentCount ?? 0));
            return new PlannedTerm(hash, files, count, Bm25.Rarity(documents, (int)Math.Min(count, int.MaxValue)));
        }).Where(static term => term.Count > 0).OrderBy(static term => term.Count).ToList();
        var sum = 0L;
        var taken = 0;
        while (taken < found.Count && (taken == 0 || sum + found[taken].Count <= MaxPostings))
            sum += found[taken++].Count;
        found.RemoveRange(taken, found.Count - taken);
        return found;
    }

    private static long ScoreFile(
        DiskSegment segment, IEnumerable<(TermEntry? Entry, double Rarity)> terms, DocumentTable facts, SearchFilter filter,
        double averageLength, float[] scores, TopDocuments top, Action<DiskSegment> damaged)
    {
        var buffers = new List<byte[]>();
        try
        {
            var lists = new List<Cursor>();
            foreach (var (found, rarity) in terms)
            {
                if (found is not { } entry)
                    continue;
                var isWhole = segment.TryReadList(entry, out var buffer);
                buffers.Add(buffer);
                if (isWhole)
                    lists.Add(new Cursor(new PostingReader(buffer, entry.Length, entry.Documents), rarity));
                else
                    damaged(segment);
            }

            return Score([.. lists], facts, filter, averageLength, scores, top);
        }
        finally
        {
            foreach (var buffer in buffers)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <param name="scores">All 0, and again so at the end.</param>
    /// <returns>How many entries were walked.</returns>
    private static long Score(
        Cursor[] lists, DocumentTable facts, SearchFilter filter, double averageLength, float[] scores, TopDocuments top)
    {
        var walked = 0L;
        for (var at = 0; at < lists.Length; at++)
            lists[at].Start();
        while (lists.Length > 0 && lists.Min(static list => list.Next) is < int.MaxValue and var first)
        {
            var start = first / WindowDocuments * WindowDocuments;
            foreach (ref var list in lists.AsSpan())
            {
                for (; list.Next - start < WindowDocuments && list.Next < int.MaxValue; list.MoveNext())
                {
                    walked++;
                    var known = facts[list.Next];
                    if (filter.Lets(known))
                        scores[list.Next - start] += (float)Bm25.Gain(list.Rarity, list.Count, known.Length, averageLength);
                }
            }

            for (var at = 0; at < WindowDocuments; at++)
            {
                if (scores[at] > 0)
                    top.Offer(start + at, scores[at]);
            }

            scores.AsSpan(0, WindowDocuments).Clear();
        }

        return walked;
    }

    private sealed record PlannedTerm(ulong Hash, TermEntry?[] Files, long Count, double Rarity);

    /// <summary>A list and what its term is worth.</summary>
    private struct Cursor(PostingReader reader, double rarity)
    {
        private PostingReader _reader = reader;

        public readonly double Rarity => rarity;

        /// <summary>Greater than any document at the end.</summary>
        public int Next { get; private set; }

        public readonly int Count => _reader.Count;

        public void Start() => MoveNext();

        public void MoveNext() => Next = _reader.MoveNext() ? _reader.Document : int.MaxValue;
    }
}
