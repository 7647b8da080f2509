using System.Collections.Concurrent;

namespace ConversationHub.Store.Search;

/// <summary>
/// The newest documents, until they go to disk. One thread adds; any may search at the same time, without a lock,
/// so that a long search delays no write.
/// </summary>
internal sealed class MemorySegment(int from)
{
    private readonly ConcurrentDictionary<ulong, PostingList> _terms = new();

    /// <summary>The first document that may be in it.</summary>
    public int From { get; } = from;

    /// <summary>One more than the last document that may be in it; grows while it is written to.</summary>
    public int To { get; private set; } = from;

    /// <summary>Documents with at least one term.</summary>
    public int Documents { get; private set; }

    /// <summary>Distinct terms. Counted here: asking the table would take all its locks.</summary>
    public int Terms { get; private set; }

    /// <summary>Terms in the order of their hashes, as a file has them. Only when nothing is added any more.</summary>
    public ulong[] SortedTerms()
    {
        var terms = _terms.Keys.ToArray();
        Array.Sort(terms);
        return terms;
    }

    /// <param name="document">Greater than any before.</param>
    public void Add(int document, TermCounts terms)
    {
        foreach (var (term, count) in terms.Counts)
        {
            var hash = TermHash.Of(term);
            if (!_terms.TryGetValue(hash, out var list))
            {
                _terms[hash] = list = new PostingList();
                Terms++;
            }

            list.Append(document, count);
        }

        if (terms.Length > 0)
            Documents++;
        To = document + 1;
    }

    public PostingReader? Find(ulong term) => _terms.TryGetValue(term, out var list) ? list.Read() : null;
}
