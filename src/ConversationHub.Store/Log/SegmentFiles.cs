using System.Buffers;
using System.Collections.Concurrent;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Index;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Log;

/// <summary>The open segments. Reading is thread-safe; adding belongs to whoever writes.</summary>
internal sealed class SegmentFiles(LogFolder folder, IDisk disk) : IDisposable
{
    private readonly ConcurrentDictionary<int, SafeFileHandle> _files = new();

    /// <summary>Opens a segment, and makes it when it is absent.</summary>
    public SafeFileHandle Open(int number)
    {
        if (!_files.TryGetValue(number, out var file))
            _files[number] = file = disk.Open(folder.Segment(number));
        return file;
    }

    /// <summary>Reads one line and checks it.</summary>
    /// <returns>False when the bytes are not those that were written.</returns>
    public bool TryRead(LineLocation location, out StoredOperation? operation, out OperationContent? content)
    {
        operation = null;
        content = null;
        var buffer = ArrayPool<byte>.Shared.Rent(location.Length);
        try
        {
            var line = buffer.AsSpan(0, location.Length);
            if (!TryReadBytes(location, line) || LogLine.TryRead(line, names: null, out operation, out var body) != LineRead.Good)
                return false;
            content = OperationContent.TryRead(operation!.Kind, line[body]);
            return content is not null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private bool TryReadBytes(LineLocation location, Span<byte> line)
    {
        var read = 0;
        while (read < line.Length)
        {
            var got = RandomAccess.Read(_files[location.Segment], line[read..], location.Offset + read);
            if (got == 0)
                return false;
            read += got;
        }

        return true;
    }
}
