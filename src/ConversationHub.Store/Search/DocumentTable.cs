namespace ConversationHub.Store.Search;

/// <summary>What ranking needs of each document. One thread adds; any may read what was there before it began.</summary>
internal sealed class DocumentTable
{
    private const int ChunkDocuments = 1 << 14;
    private const int MaxChunks = 1 << 13;

    private readonly DocumentFacts[]?[] _chunks = new DocumentFacts[MaxChunks][];

    /// <summary>Numbers are the operations' entry numbers; those never set are of no owner and length 0.</summary>
    public void Set(int document, DocumentFacts facts)
    {
        var chunk = _chunks[document / ChunkDocuments] ??= new DocumentFacts[ChunkDocuments];
        chunk[document % ChunkDocuments] = facts;
    }

    public DocumentFacts this[int document] => _chunks[document / ChunkDocuments]![document % ChunkDocuments];
}

/// <param name="Owner">Number of the owner.</param>
/// <param name="Surface">Number of the surface.</param>
/// <param name="Length">In terms, cut at 65,535.</param>
internal readonly record struct DocumentFacts(int Owner, ushort Surface, ushort Length);
