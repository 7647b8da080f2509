namespace ConversationHub.Store.Search;

/// <summary>The best documents of those that are offered; of equal ones the newest. Not thread-safe.</summary>
internal sealed class TopDocuments(int limit)
{
    // The worst of the kept is at the front.
    private readonly PriorityQueue<int, (float Score, int Document)> _kept = new();

    public void Offer(int document, float score)
    {
        if (_kept.Count < limit)
            _kept.Enqueue(document, (score, document));
        else if (_kept.TryPeek(out _, out var worst) && (score, document).CompareTo(worst) > 0)
            _kept.EnqueueDequeue(document, (score, document));
    }

    /// <summary>Best first. Empties it.</summary>
    public IReadOnlyList<ScoredDocument> Take()
    {
        var best = new ScoredDocument[_kept.Count];
        for (var at = best.Length - 1; at >= 0; at--)
        {
            _kept.TryDequeue(out var document, out var place);
            best[at] = new ScoredDocument(document, place.Score);
        }

        return best;
    }
}

/// <summary>A document and how well it fits; greater than 0.</summary>
internal readonly record struct ScoredDocument(int Document, double Score);
