namespace ConversationHub.Store.Search;

/// <summary>
/// Walks a list of postings: ascending document numbers with counts, each pair as two variable-length integers, the number as the distance
/// from the one before, the first from 0. In memory and on disk alike.
/// </summary>
internal struct PostingReader(byte[] bytes, int length, int documentCount)
{
    private const int ContinueBit = 0x80;
    private const int BitsPerByte = 7;
    private const int MaxShift = 28;

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

    /// <summary>Writes one number.</summary>
    /// <returns>Where the next one goes.</returns>
    public static int Write(Span<byte> target, int at, uint value)
    {
        while (value >= ContinueBit)
        {
            target[at++] = (byte)(value | ContinueBit);
            value >>= BitsPerByte;
        }

        target[at++] = (byte)value;
        return at;
    }

    private uint Next()
    {
        uint value = 0;
        for (var shift = 0; shift <= MaxShift && _at < length; shift += BitsPerByte)
        {
            var part = bytes[_at++];
            value |= (uint)(part & ~ContinueBit) << shift;
            if (part < ContinueBit)
                break;
        }

        return value;
    }
}
