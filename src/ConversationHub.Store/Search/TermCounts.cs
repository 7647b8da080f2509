namespace ConversationHub.Store.Search;

/// <summary>The distinct terms of a text with their counts.</summary>
/// <param name="Counts">By term.</param>
/// <param name="Length">Number of terms, repeats counted.</param>
internal sealed record TermCounts(IReadOnlyDictionary<string, int> Counts, int Length)
{
    /// <summary>Distinct terms that are kept of one text; a longer text is found by its first ones.</summary>
    public const int MaxTerms = 4096;

    public static readonly TermCounts Empty = new(new Dictionary<string, int>(), 0);

    public static TermCounts Of(string text)
    {
        var counts = new Counter();
        Tokenizer.Tokenize(text, counts, static (term, counter) => counter.Add(term));
        return new TermCounts(counts.Terms, counts.Length);
    }

    private sealed class Counter
    {
        private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

        public Counter() => _lookup = Terms.GetAlternateLookup<ReadOnlySpan<char>>();

        public Dictionary<string, int> Terms { get; } = new(StringComparer.Ordinal);

        public int Length { get; private set; }

        public void Add(ReadOnlySpan<char> term)
        {
            Length++;
            if (_lookup.TryGetValue(term, out var count))
                _lookup[term] = count + 1;
            else if (Terms.Count < MaxTerms)
                _lookup[term] = 1;
        }
    }
}
