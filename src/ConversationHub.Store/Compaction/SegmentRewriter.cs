using System.Buffers;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Compaction;

/// <summary>Writes a segment anew with a stub for every erased operation; every other line stays as it is, byte for byte.</summary>
internal sealed class SegmentRewriter(SegmentFiles files, IDisk disk)
{
    private const int FlushBytes = 1 << 20;

    /// <param name="key">Of the segment as it is.</param>
    /// <param name="held">Its operations.</param>
    /// <param name="erased">Numbers of the operations to be made stubs.</param>
    /// <param name="path">Of the new file.</param>
    /// <returns>Every held operation with its new place, and the new file, written and synced.</returns>
    public RewrittenSegment Rewrite(int key, PlannedSegment held, IReadOnlySet<int> erased, ErasedNames names, string path)
    {
        var lines = new List<RewrittenLine>(held.Count);
        var buffer = new ArrayBufferWriter<byte>(FlushBytes);
        var handle = disk.Open(path);
        try
        {
            disk.SetLength(handle, 0);
            long written = 0;
            var length = SegmentScanner.Scan(files[key].Handle, 0, (line, at, _) =>
            {
                Take(line, at.Offset, [.. held.Within(at.Offset, at.Offset + line.Length + 1)], erased, names, new Output(buffer, lines, written));
                if (buffer.WrittenCount >= FlushBytes)
                    written = WriteOut(handle, buffer, written);
            });

            // The file has become shorter than what was written to it.
            lines.AddRange(held.Within(length, long.MaxValue).Select(line => RewrittenLine.Unreadable(line.Number, erased.Contains(line.Number))));
            if (lines.Count != held.Count)
                throw new InvalidOperationException($"{lines.Count} of {held.Count} operations of a segment were found again; it is not replaced.");
            WriteOut(handle, buffer, written);
            disk.Flush(handle);
            return new RewrittenSegment(lines, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <param name="held">The operations that begin in the line: one, or none, or, where a newline was lost, several.</param>
    private static void Take(ReadOnlySpan<byte> line, long offset, PlannedLine[] held, IReadOnlySet<int> erased, ErasedNames names, Output output)
    {
        if (held is [var only] && only.Offset == offset && only.Length == line.Length && TryTake(line, only, erased, output))
            return;
        if (held.Length == 0 && LogLine.TryRead(line, names: null, out _, out _) == LineRead.Good)
        {
            // A second copy of a line that is held goes.
            return;
        }

        var rest = line.ToArray();
        var unreadable = new List<PlannedLine>();
        var kept = new List<(int Start, int Length)>();
        foreach (var one in held)
        {
            var start = (int)(one.Offset - offset);
            if (start + one.Length <= line.Length && TryTake(line.Slice(start, one.Length), one, erased, output))
                kept.Add((start, one.Length));
            else
                unreadable.Add(one);
        }

        // What could be read inside stands in the new file already; the rest is damage, kept as it is unless it may hold erased text.
        foreach (var (start, count) in Enumerable.Reverse(kept))
            rest = [.. rest[..start], .. rest[(start + count)..]];
        if (rest.Length > 0 && !unreadable.Exists(one => erased.Contains(one.Number)) && !names.MayBeIn(rest))
            Copy(output.Buffer, rest);
        output.Lines.AddRange(unreadable.Select(one => RewrittenLine.Unreadable(one.Number, erased.Contains(one.Number))));
    }

    private static bool TryTake(ReadOnlySpan<byte> line, PlannedLine held, IReadOnlySet<int> erased, Output output)
    {
        if (LogLine.TryRead(line, names: null, out var operation, out _) != LineRead.Good)
            return false;
        var start = output.Written + output.Buffer.WrittenCount;
        var isStub = erased.Contains(held.Number);
        var length = isStub ? LogLine.Write(output.Buffer, operation!, OperationContent.StubBody) : Copy(output.Buffer, line);
        output.Lines.Add(new RewrittenLine(held.Number, (int)start, length, isStub));
        return true;
    }

    private static int Copy(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> line)
    {
        buffer.Write(line);
        buffer.Write([ChecksumLine.Newline]);
        return line.Length;
    }

    private long WriteOut(SafeFileHandle handle, ArrayBufferWriter<byte> buffer, long written)
    {
        disk.Write(handle, buffer.WrittenSpan, written);
        written += buffer.WrittenCount;
        buffer.ResetWrittenCount();
        return written;
    }

    private readonly record struct Output(ArrayBufferWriter<byte> Buffer, List<RewrittenLine> Lines, long Written);
}

internal sealed record RewrittenSegment(IReadOnlyList<RewrittenLine> Lines, SafeFileHandle Handle)
{
    /// <summary>Something in it cannot be read.</summary>
    public bool IsDamaged => Lines.Any(static line => line.Length == 0 && !line.IsStub);
}

/// <param name="Number">Of the operation.</param>
/// <param name="Length">0: it cannot be read any more.</param>
internal readonly record struct RewrittenLine(int Number, int Offset, int Length, bool IsStub)
{
    /// <param name="isErased">Nothing of its text is left then, which is what was wanted.</param>
    public static RewrittenLine Unreadable(int number, bool isErased) => new(number, 0, 0, isErased);
}
