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
    /// <param name="entries">Offset of each line to the number of its operation.</param>
    /// <param name="erased">Numbers of the operations to be made stubs.</param>
    /// <param name="path">Of the new file.</param>
    /// <returns>The lines with their new places, and the new file, written and synced.</returns>
    public RewrittenSegment Rewrite(int key, IReadOnlyDictionary<long, int> entries, IReadOnlySet<int> erased, ErasedNames names, string path)
    {
        var lines = new List<RewrittenLine>(entries.Count);
        var buffer = new ArrayBufferWriter<byte>(FlushBytes);
        var handle = disk.Open(path);
        try
        {
            disk.SetLength(handle, 0);
            long written = 0;
            SegmentScanner.Scan(files[key].Handle, 0, (line, at, ended) =>
            {
                var isHeld = entries.TryGetValue(at.Offset, out var number);
                var read = LogLine.TryRead(line, names: null, out var operation, out _);
                if (read == LineRead.Good && isHeld)
                {
                    var start = written + buffer.WrittenCount;
                    var isStub = erased.Contains(number);
                    var length = isStub ? LogLine.Write(buffer, operation!, OperationContent.StubBody) : Copy(buffer, line);
                    lines.Add(new RewrittenLine(number, (int)start, length, isStub));
                }
                else if (read != LineRead.Good && !names.MayBeIn(line))
                {
                    // Damage is kept as it is. A good line that is not held is a second copy of one that is, and goes.
                    Copy(buffer, line);
                }

                if (buffer.WrittenCount >= FlushBytes)
                    written = WriteOut(handle, buffer, written);
            });
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
}

internal sealed record RewrittenSegment(IReadOnlyList<RewrittenLine> Lines, SafeFileHandle Handle);

/// <param name="Number">Of the operation.</param>
internal readonly record struct RewrittenLine(int Number, int Offset, int Length, bool IsStub);
