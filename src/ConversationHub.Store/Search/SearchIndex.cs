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

    /// <param name="document">Greater than any before.</param>
    public void Add(int document, int owner, ushort surface, TermCounts terms)
    {
        if (terms.Length == 0)
            return;
        _documents.Set(document, new DocumentFacts(owner, surface, (ushort)Math.Min(terms.Length, ushort.MaxValue)));
        foreach (var (term, count) in terms.Counts)
            _postings.GetOrAdd(term, static _ => new PostingList()).Append(document, count);
        Interlocked.Add(ref _totalLength, terms.Length);
        Interlocked.Increment(ref _count);
    }

    /// <summary>Documents that hold any of the terms, best first; of equal ones the newest first.</summary>
    /// <param name="owner">Null for any.</param>
    /// <param name="surface">Null for any.</param>
    public IReadOnlyList<ScoredDocument> Rank(IReadOnlyList<string> terms, int? owner, int? surface)
    {
        var readers = new List<PostingList.Reader>(terms.Count);
        foreach (var term in terms)
        {
            if (_postings.TryGetValue(term, out var list))
                readers.Add(list.Read());
        }

        readers.Sort(static (left, right) => left.DocumentCount.CompareTo(right.DocumentCount));
        var count = Math.Max(1, Volatile.Read(ref _count));
        var averageLength = Math.Max(1.0, (double)Interlocked.Read(ref _totalLength) / count);
        var scores = new Dictionary<int, double>();
        foreach (var list in readers)
        {
            var reader = list;
            var rarity = Bm25.Rarity(count, reader.DocumentCount);
            while (reader.MoveNext())
            {
                var facts = _documents[reader.Document];
                if ((owner is { } o && facts.Owner != o) || (surface is { } s && facts.Surface != s))
                    continue;
                if (scores.Count >= MaxCandidates && !scores.ContainsKey(reader.Document))
                    continue;
                var gain = Bm25.Gain(rarity, reader.Count, facts.Length, averageLength);
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(scores, reader.Document, out _) += gain;
            }
        }

        var ranked = new List<ScoredDocument>(scores.Count);
        foreach (var (document, score) in scores)
            ranked.Add(new ScoredDocument(document, score));
        ranked.Sort(static (left, right) =>
            left.Score != right.Score ? right.Score.CompareTo(left.Score) : right.Document.CompareTo(left.Document));
        return ranked;
    }
}

/// <summary>A document and how well it fits; greater than 0.</summary>
internal readonly record struct ScoredDocument(int Document, double Score);
