namespace ConversationHub.Store.Search;

/// <summary>BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", with the usual k1 and b).</summary>
internal static class Bm25
{
    private const double TermSaturation = 1.2;
    private const double LengthShare = 0.75;

    /// <summary>What a word is worth by how few documents have it; always above 0.</summary>
    public static double Rarity(int documents, int documentsWithTerm)
    {
        var with = Math.Min(documents, documentsWithTerm);
        return Math.Log(1 + ((documents - with + 0.5) / (with + 0.5)));
    }

    /// <summary>What a document gains by having a word so many times.</summary>
    public static double Gain(double rarity, int count, int length, double averageLength)
    {
        var norm = TermSaturation * (1 - LengthShare + (LengthShare * length / averageLength));
        return rarity * (count * (TermSaturation + 1)) / (count + norm);
    }
}
