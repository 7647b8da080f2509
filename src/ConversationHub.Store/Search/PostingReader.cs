using ConversationHub.Store.Index;

namespace ConversationHub.Store.Search;

/// <summary>
/// Walks a list of postings: ascending document numbers with counts, each pair as two variable-length integers, the number as the distance
/// from the one before, the first from 0. In memory and on disk alike.
/// </summary>
internal struct PostingReader(byte[] bytes, int length, int documentCount)
{
    private int _at;

    public int DocumentCount { get; } = documentCount;

    public int Document { get; private set; }

    public int Count { get; private set; }

    public bool MoveNext()
    {
        if (_at >= length)
            return false;
        Document += (int)Next();
        Count = (int)Next();
        return true;
    }

    private uint Next() => VariableInteger.Read(bytes.AsSpan(0, length), ref _at);
}
