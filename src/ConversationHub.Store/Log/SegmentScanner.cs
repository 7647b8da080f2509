using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Log;

/// <summary>Walks the lines of a segment in order. Needs memory for the longest line only.</summary>
internal static class SegmentScanner
{
    private const int FirstBufferBytes = 1 << 20;

    /// <summary>Called for each line; the bytes hold only during the call.</summary>
    /// <param name="line">Without its newline.</param>
    /// <param name="at">Where it stands.</param>
    /// <param name="ended">False for bytes after the last newline of the file, and for a line too long to be one.</param>
    public delegate void LineSeen(ReadOnlySpan<byte> line, LinePosition at, bool ended);

    /// <returns>Length of the segment in bytes.</returns>
    public static long Scan(SafeFileHandle file, long from, LineSeen seen) => Scan(file, from, seen, long.MaxValue);

    /// <summary>The same of about a mebibyte: whole lines, one at least.</summary>
    /// <returns>Where the next line begins; <paramref name="from"/> when nothing was left.</returns>
    public static long ScanPiece(SafeFileHandle file, long from, LineSeen seen) => Scan(file, from, seen, from + 1);

    private static long Scan(SafeFileHandle file, long from, LineSeen seen, long until)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBufferBytes);
        try
        {
            var offset = from;
            var filled = 0;
            var number = 1L;
            while (true)
            {
                var read = RandomAccess.Read(file, buffer.AsSpan(filled), offset + filled);
                var searched = filled;
                filled += read;
                var start = 0;
                int newline;
                while ((newline = buffer.AsSpan(Math.Max(start, searched), filled - Math.Max(start, searched)).IndexOf(ChecksumLine.Newline)) >= 0)
                {
                    var end = Math.Max(start, searched) + newline;
                    seen(buffer.AsSpan(start, end - start), new LinePosition(offset + start, number++), ended: true);
                    start = end + 1;
                }

                var rest = filled - start;
                if (rest > 0 && (read == 0 || rest > LogLine.MaxBytes))
                {
                    seen(buffer.AsSpan(start, rest), new LinePosition(offset + start, number), ended: false);
                    start = filled;
                    rest = 0;
                }

                offset += start;
                if (read == 0 || offset >= until)
                    return offset;
                buffer = MakeRoom(buffer, start, rest);
                filled = rest;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] MakeRoom(byte[] buffer, int start, int rest)
    {
        var target = buffer;
        if (rest > buffer.Length / 2)
            target = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(start, rest).CopyTo(target);
        if (!ReferenceEquals(target, buffer))
            ArrayPool<byte>.Shared.Return(buffer);
        return target;
    }
}

/// <summary>Where a line stands in its segment.</summary>
/// <param name="Offset">In bytes.</param>
/// <param name="Number">From 1, as editors count.</param>
internal readonly record struct LinePosition(long Offset, long Number);
