using System.Buffers;
using System.Collections.Concurrent;

namespace ConversationHub.Store.Search;

/// <summary>
/// An inverted index ranked by <see cref="Bm25"/>. One thread adds; any may search at the same time,
/// without a lock, so that a long search delays no write.
/// </summary>
internal sealed class SearchIndex
{
    /// <summary>When so many documents are candidates, commoner terms only re-rank them: the rarest terms are looked up first.</summary>
    private const int MaxCandidates = 100_000;

    private readonly ConcurrentDictionary<string, PostingList> _postings = new(StringComparer.Ordinal);
    private readonly DocumentTable _documents = new();
    private long _totalLength;
    private int _count;

    // One more than the greatest document.
    private int _bound;

    /// <param name="document">Greater than any before.</param>
    public void Add(int document, int owner, ushort surface, TermCounts terms)
    {
        if (terms.Length == 0)
            return;
        Volatile.Write(ref _bound, document + 1);
        _documents.Set(document, new DocumentFacts(owner, surface, (ushort)Math.Min(terms.Length, ushort.MaxValue)));
        foreach (var (term, count) in terms.Counts)
            _postings.GetOrAdd(term, static _ => new PostingList()).Append(document, count);
        Interlocked.Add(ref _totalLength, terms.Length);
        Interlocked.Increment(ref _count);
    }

    /// <summary>Documents that hold any of the terms, best first; of equal ones the newest first.</summary>
    /// <param name="owner">Null for any.</param>
    /// <param name="surface">Null for any.</param>
    /// <returns>In order as far as it is walked: sorting all would cost more than finding them.</returns>
    public IEnumerable<ScoredDocument> Rank(IReadOnlyList<string> terms, int? owner, int? surface)
    {
        var best = Score(terms, owner, surface);
        while (best.TryDequeue(out var document, out var place))
            yield return new ScoredDocument(document, -place.NegativeScore);
    }

    private PriorityQueue<int, (float NegativeScore, int NegativeDocument)> Score(IReadOnlyList<string> terms, int? owner, int? surface)
    {
        var readers = new List<PostingList.Reader>(terms.Count);
        foreach (var term in terms)
        {
            if (_postings.TryGetValue(term, out var list))
                readers.Add(list.Read());
        }

        readers.Sort(static (left, right) => left.DocumentCount.CompareTo(right.DocumentCount));

        // Taken after the lists: every document in them is below it. An array, because a common term stands in many of them.
        var bound = Volatile.Read(ref _bound);
        var scores = ArrayPool<float>.Shared.Rent(bound);
        var candidates = new List<int>();
        try
        {
            scores.AsSpan(0, bound).Clear();
            foreach (var reader in readers)
                Add(reader, owner, surface, scores, candidates);
            return new(candidates.Select(document => (document, (-scores[document], -document))));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scores);
        }
    }

    private void Add(PostingList.Reader reader, int? owner, int? surface, float[] scores, List<int> candidates)
    {
        var count = Math.Max(1, Volatile.Read(ref _count));
        var averageLength = Math.Max(1.0, (double)Interlocked.Read(ref _totalLength) / count);
        var rarity = Bm25.Rarity(count, reader.DocumentCount);
        while (reader.MoveNext())
        {
            var document = reader.Document;
            if (scores[document] == 0 && candidates.Count >= MaxCandidates)
                continue;
            var facts = _documents[document];
            if ((owner is { } o && facts.Owner != o) || (surface is { } s && facts.Surface != s))
                continue;
            if (scores[document] == 0)
                candidates.Add(document);
            scores[document] += (float)Bm25.Gain(rarity, reader.Count, facts.Length, averageLength);
        }
    }
}

/// <summary>A document and how well it fits; greater than 0.</summary>
internal readonly record struct ScoredDocument(int Document, double Score);
