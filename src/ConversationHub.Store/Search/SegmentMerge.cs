using System.Buffers;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Search;

/// <summary>Makes one search file of one or more that follow each other, or of documents in memory; what is erased is left away.</summary>
internal static class SegmentMerge
{
    /// <param name="path">Of the new file.</param>
    /// <param name="documents">What is known of each; its length becomes 0 where it is gone.</param>
    /// <param name="isGone">By distance from the first document.</param>
    public static void Write(string path, IDisk disk, MemorySegment segment, DocumentTable documents, bool[] isGone, Guid lastId)
    {
        using var writer = new SegmentWriter(path, disk, segment.From, segment.To, Facts(segment.From, segment.To, documents, isGone));
        var list = new ListBuilder(segment.From, isGone);
        foreach (var term in segment.SortedTerms())
        {
            list.Add(segment.Find(term)!.Value);
            writer.Add(term, list.Bytes, list.Documents);
            list.Clear();
        }

        writer.Finish(lastId);
    }

    /// <exception cref="IOException">A source cannot be read back, or the file cannot be written.</exception>
    public static void Write(string path, IDisk disk, IReadOnlyList<DiskSegment> sources, DocumentTable documents, bool[] isGone, Guid lastId)
    {
        var from = sources[0].From;
        var to = sources[^1].To;
        using var writer = new SegmentWriter(path, disk, from, to, Facts(from, to, documents, isGone));
        var list = new ListBuilder(from, isGone);
        var terms = sources.Select(static source => source.Terms().GetEnumerator()).ToArray();
        try
        {
            // By term, then by source: documents of a later source are greater.
            var next = new PriorityQueue<int, (ulong Term, int Source)>();
            for (var source = 0; source < terms.Length; source++)
                Advance(source);
            while (next.TryPeek(out _, out var first))
            {
                while (next.TryPeek(out var source, out var place) && place.Term == first.Term)
                {
                    next.Dequeue();
                    Take(sources[source], terms[source].Current);
                    Advance(source);
                }

                writer.Add(first.Term, list.Bytes, list.Documents);
                list.Clear();
            }

            void Advance(int source)
            {
                if (terms[source].MoveNext())
                    next.Enqueue(source, (terms[source].Current.Hash, source));
            }
        }
        finally
        {
            foreach (var one in terms)
                one.Dispose();
        }

        writer.Finish(lastId);

        void Take(DiskSegment source, in TermEntry term)
        {
            var isWhole = source.TryReadList(term, out var buffer);
            try
            {
                if (!isWhole)
                    throw new DamagedSearchFileException(source);
                list.Add(new PostingReader(buffer, term.Length, term.Documents));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private static byte[] Facts(int from, int to, DocumentTable documents, bool[] isGone)
    {
        var facts = new byte[(to - from) * SegmentHeader.FactBytes];
        for (var at = 0; at < to - from; at++)
        {
            if (!isGone[at])
                SegmentWriter.WriteFacts(facts.AsSpan(at * SegmentHeader.FactBytes), documents[from + at]);
        }

        return facts;
    }

    /// <summary>Lists of one term, put after each other.</summary>
    private sealed class ListBuilder(int from, bool[] isGone)
    {
        private byte[] _bytes = new byte[1 << 10];
        private int _length;
        private int _last;

        public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

        public int Documents { get; private set; }

        public void Clear()
        {
            _length = 0;
            _last = 0;
            Documents = 0;
        }

        public void Add(PostingReader reader)
        {
            while (reader.MoveNext())
            {
                if (isGone[reader.Document - from])
                    continue;
                if (_bytes.Length - _length < PostingList.MaxPairBytes)
                    Array.Resize(ref _bytes, _bytes.Length * 2);
                _length = VariableInteger.Write(_bytes, _length, (uint)(reader.Document - _last));
                _length = VariableInteger.Write(_bytes, _length, (uint)reader.Count);
                _last = reader.Document;
                Documents++;
            }
        }
    }
}

/// <summary>A search file whose lists are not what was written.</summary>
internal sealed class DamagedSearchFileException(DiskSegment segment) : IOException("A search file is damaged.")
{
    public DiskSegment Segment { get; } = segment;
}
