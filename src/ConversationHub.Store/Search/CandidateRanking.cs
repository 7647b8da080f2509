namespace ConversationHub.Store.Search;

/// <summary>Ranks messages that are at hand, where there is no index that knows how rare each word is.</summary>
internal static class CandidateRanking
{
    public static IReadOnlyList<Passage> Rank(IReadOnlyList<Passage> candidates, IReadOnlyList<string> terms, int limit)
    {
        if (candidates.Count == 0)
            return [];
        var counts = candidates.Select(static passage => TermCounts.Of(passage.Content)).ToArray();
        var averageLength = Math.Max(1.0, counts.Average(static count => count.Length));
        var rarities = terms.ToDictionary(
            static term => term, term => Bm25.Rarity(candidates.Count, counts.Count(count => count.Counts.ContainsKey(term))));
        return
        [
            .. candidates
                .Select((passage, at) => passage with { Score = Score(counts[at], rarities, averageLength) })
                .OrderByDescending(static passage => passage.Score)
                .ThenByDescending(static passage => passage.Timestamp)
                .Take(limit),
        ];
    }

    private static double Score(TermCounts text, Dictionary<string, double> rarities, double averageLength)
    {
        var score = 0.0;
        foreach (var (term, rarity) in rarities)
        {
            if (text.Counts.TryGetValue(term, out var count))
                score += Bm25.Gain(rarity, count, text.Length, averageLength);
        }

        return score;
    }
}
