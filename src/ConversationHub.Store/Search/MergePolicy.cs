namespace ConversationHub.Store.Search;

/// <summary>
/// Which neighbouring search files become one. Files are of a tier by the power of eight of their documents; eight of one tier are merged, with
/// the smaller ones between them. So a document is rewritten about once a tier, and there are at most seven files of each.
/// </summary>
internal static class MergePolicy
{
    private const int Fan = 8;
    private const int Tiers = 8;
    private const int BitsPerTier = 3;

    /// <summary>Files that would have more documents are left as they are: merging them would cost more than it saves.</summary>
    private const long MaxDocuments = 1 << 22;

    /// <param name="documents">Of each file, in order.</param>
    /// <returns>First and number of the files to merge; null when none are.</returns>
    public static (int First, int Count)? Choose(IReadOnlyList<int> documents)
    {
        for (var tier = 0; tier < Tiers; tier++)
        {
            for (var end = documents.Count; end > 0; end--)
            {
                if (Run(documents, end, tier) is { } run)
                    return run;
            }
        }

        return null;
    }

    /// <summary>The files before a place that are of a tier or below it, when they are worth a merge.</summary>
    private static (int First, int Count)? Run(IReadOnlyList<int> documents, int end, int tier)
    {
        var first = end;
        var sum = 0L;
        var ofTier = 0;
        while (first > 0 && TierOf(documents[first - 1]) <= tier)
        {
            first--;
            sum += documents[first];
            ofTier += TierOf(documents[first]) == tier ? 1 : 0;
        }

        return ofTier >= Fan && sum <= MaxDocuments ? (first, end - first) : null;
    }

    private static int TierOf(int documents) => int.Log2(Math.Max(1, documents)) / BitsPerTier;
}
