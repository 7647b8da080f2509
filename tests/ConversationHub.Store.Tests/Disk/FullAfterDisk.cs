using ConversationHub.Store.Disk;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Tests.Disk;

/// <summary>The machine's disk, full after so many writes to the log.</summary>
internal sealed class FullAfterDisk(int segmentWrites) : IDisk
{
    private readonly FaultyDisk _disk = new();
    private readonly HashSet<SafeFileHandle> _segments = [];
    private int _left = segmentWrites;

    public SafeFileHandle Open(string path)
    {
        var file = _disk.Open(path);
        if (path.EndsWith(".jsonl", StringComparison.Ordinal))
        {
            lock (_segments)
                _segments.Add(file);
        }

        return file;
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        lock (_segments)
        {
            if (_segments.Contains(file) && --_left < 0)
                _disk.IsFull = true;
        }

        _disk.Write(file, bytes, offset);
    }

    public void Flush(SafeFileHandle file) => _disk.Flush(file);

    public void FlushFolder(string path) => _disk.FlushFolder(path);

    public void SetLength(SafeFileHandle file, long length) => _disk.SetLength(file, length);
}
