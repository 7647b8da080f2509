namespace ConversationHub.Store.Search;

/// <summary>
/// The documents a term stands in: ascending numbers with counts, each pair as two variable-length integers, the number as the distance from
/// the one before. One thread appends; any may read at the same time what was there when it began.
/// </summary>
internal sealed class PostingList
{
    private const int FirstBytes = 8;
    private const int MaxPairBytes = 10;
    private const int ContinueBit = 0x80;
    private const int BitsPerByte = 7;

    private int _lastDocument;
    private volatile Snapshot _current = new(new byte[FirstBytes], 0, 0);

    /// <summary>Bytes that are held.</summary>
    public int CapacityBytes => _current.Bytes.Length;

    /// <summary>How many documents have the term.</summary>
    public int DocumentCount => _current.Documents;

    /// <param name="document">Greater than any before.</param>
    public void Append(int document, int count)
    {
        var (bytes, length, documents) = _current;
        if (bytes.Length - length < MaxPairBytes)
            Array.Resize(ref bytes, bytes.Length + Math.Max(MaxPairBytes, bytes.Length / 2));

        // Readers see only up to the length they took, so bytes beyond it may be written in place.
        length = Write(bytes, length, (uint)(document - _lastDocument));
        length = Write(bytes, length, (uint)count);
        _lastDocument = document;
        _current = new Snapshot(bytes, length, documents + 1);
    }

    public Reader Read() => new(_current);

    private static int Write(byte[] bytes, int at, uint value)
    {
        while (value >= ContinueBit)
        {
            bytes[at++] = (byte)(value | ContinueBit);
            value >>= BitsPerByte;
        }

        bytes[at++] = (byte)value;
        return at;
    }

    private sealed record Snapshot(byte[] Bytes, int Length, int Documents);

    /// <summary>Walks the pairs.</summary>
    public struct Reader
    {
        private readonly byte[] _bytes;
        private readonly int _length;
        private int _at;

        internal Reader(object snapshot)
        {
            (_bytes, _length, DocumentCount) = (Snapshot)snapshot;
            _at = 0;
        }

        public int DocumentCount { get; }

        public int Document { get; private set; }

        public int Count { get; private set; }

        public bool MoveNext()
        {
            if (_at >= _length)
                return false;
            Document += (int)Next();
            Count = (int)Next();
            return true;
        }

        private uint Next()
        {
            uint value = 0;
            for (var shift = 0; ; shift += BitsPerByte)
            {
                var part = _bytes[_at++];
                value |= (uint)(part & ~ContinueBit) << shift;
                if (part < ContinueBit)
                    return value;
            }
        }
    }
}
