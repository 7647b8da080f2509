namespace ConversationHub.Store.Search;

/// <summary>What ranking needs of each document. One thread sets a document; any may read those that are published to it.</summary>
internal sealed class DocumentTable
{
    private const int ChunkDocuments = 1 << 14;
    private const int MaxChunks = 1 << 13;

    private readonly DocumentFacts[]?[] _chunks = new DocumentFacts[MaxChunks][];

    /// <summary>Numbers are the operations' entry numbers; those never set are of no owner and length 0.</summary>
    public void Set(int document, DocumentFacts facts)
    {
        ref var chunk = ref _chunks[document / ChunkDocuments];
        if (chunk is null)
            Interlocked.CompareExchange(ref chunk, new DocumentFacts[ChunkDocuments], null);
        chunk![document % ChunkDocuments] = facts;
    }

    public DocumentFacts this[int document] =>
        _chunks[document / ChunkDocuments] is { } chunk ? chunk[document % ChunkDocuments] : default;
}

/// <param name="Owner">Number of the owner.</param>
/// <param name="Second">Time of the message, in whole seconds since 1970, cut to what fits.</param>
/// <param name="Surface">Number of the surface.</param>
/// <param name="Length">In terms, cut at 65,535; 0 for what is no document.</param>
internal readonly record struct DocumentFacts(int Owner, uint Second, ushort Surface, ushort Length)
{
    public static uint SecondOf(DateTimeOffset time) => (uint)Math.Clamp(time.ToUnixTimeSeconds(), 0, uint.MaxValue);

    public static ushort LengthOf(TermCounts terms) => (ushort)Math.Min(terms.Length, ushort.MaxValue);
}
