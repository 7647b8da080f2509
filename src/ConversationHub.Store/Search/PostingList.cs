using ConversationHub.Store.Index;

namespace ConversationHub.Store.Search;

/// <summary>
/// The documents a term stands in, while they are few enough to be kept in memory. One thread appends; any may read at the same time
/// what was there when it began.
/// </summary>
internal sealed class PostingList
{
    /// <summary>Of one pair of numbers at most.</summary>
    public const int MaxPairBytes = 2 * VariableInteger.MostBytes;

    private const int FirstBytes = 8;

    private int _lastDocument;
    private volatile Snapshot _current = new(new byte[FirstBytes], 0, 0);

    /// <summary>How many documents have the term.</summary>
    public int DocumentCount => _current.Documents;

    /// <param name="document">Greater than any before.</param>
    public void Append(int document, int count)
    {
        var (bytes, length, documents) = _current;
        if (bytes.Length - length < MaxPairBytes)
            Array.Resize(ref bytes, bytes.Length + Math.Max(MaxPairBytes, bytes.Length / 2));

        // Readers see only up to the length they took, so bytes beyond it may be written in place.
        length = VariableInteger.Write(bytes, length, (uint)(document - _lastDocument));
        length = VariableInteger.Write(bytes, length, (uint)count);
        _lastDocument = document;
        _current = new Snapshot(bytes, length, documents + 1);
    }

    public PostingReader Read()
    {
        var (bytes, length, documents) = _current;
        return new PostingReader(bytes, length, documents);
    }

    private sealed record Snapshot(byte[] Bytes, int Length, int Documents);
}
