namespace ConversationHub.Store.Log;

/// <summary>Bytes of a segment that are not what was written, with good lines after them. They are kept as they are.</summary>
/// <param name="Segment">File name without folders.</param>
/// <param name="Line">Number of its first line, from 1.</param>
/// <param name="Length">In bytes, to the next good line.</param>
internal sealed record DamagedRegion(string Segment, long Line, long Offset, long Length)
{
    public override string ToString() => $"{Segment} line {Line} (offset {Offset}, {Length} bytes)";
}
