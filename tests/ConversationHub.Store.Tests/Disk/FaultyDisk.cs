using System.Collections.Concurrent;
using ConversationHub.Store.Disk;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Tests.Disk;

/// <summary>The machine's disk, until a test tells it to fail.</summary>
internal sealed class FaultyDisk : IDisk
{
    private const int NoSpace = 28;
    private const int InputOutputError = 5;

    private readonly ConcurrentDictionary<SafeFileHandle, string> _paths = [];
    private int _flushes;
    private int _otherFlushes;
    private long _segmentBytes;

    /// <summary>How often a segment of the log was synced. Only these syncs fail and wait.</summary>
    public int Flushes => Volatile.Read(ref _flushes);

    /// <summary>How often any other file was synced.</summary>
    public int OtherFlushes => Volatile.Read(ref _otherFlushes);

    /// <summary>Folders whose names were synced, in order.</summary>
    public ConcurrentQueue<string> FlushedFolders { get; } = new();

    public bool IsFull { get; set; }

    public bool FailsToFlush { get; set; }

    /// <summary>The next sync of a folder fails, and only it: the system tells of an error once.</summary>
    public bool FailsToFlushFolderOnce { get; set; }

    /// <summary>Bytes written to segments of the log.</summary>
    public long SegmentBytes => Interlocked.Read(ref _segmentBytes);

    /// <summary>Called with the path of each file that is no segment of the log, and of each folder, before it is synced.</summary>
    public Action<string>? OtherFlushing { get; set; }

    /// <summary>When not null, a sync waits for it.</summary>
    public ManualResetEventSlim? FlushGate { get; set; }

    public SafeFileHandle Open(string path)
    {
        var file = PhysicalDisk.Instance.Open(path);
        _paths[file] = path;
        return file;
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (!IsFull)
        {
            if (_paths[file].EndsWith(".jsonl", StringComparison.Ordinal))
                Interlocked.Add(ref _segmentBytes, bytes.Length);
            PhysicalDisk.Instance.Write(file, bytes, offset);
            return;
        }

        // A full disk takes what fits and then refuses.
        PhysicalDisk.Instance.Write(file, bytes[..(bytes.Length / 2)], offset);
        throw new IOException("No space left on device", NoSpace);
    }

    public void Flush(SafeFileHandle file)
    {
        if (!_paths[file].EndsWith(".jsonl", StringComparison.Ordinal))
        {
            OtherFlushing?.Invoke(_paths[file]);
            Interlocked.Increment(ref _otherFlushes);
            PhysicalDisk.Instance.Flush(file);
            return;
        }

        FlushGate?.Wait();
        Interlocked.Increment(ref _flushes);
        if (FailsToFlush)
            throw new IOException("Input/output error", InputOutputError);
        PhysicalDisk.Instance.Flush(file);
    }

    public void FlushFolder(string path)
    {
        if (FailsToFlushFolderOnce)
        {
            FailsToFlushFolderOnce = false;
            throw new IOException("Input/output error", InputOutputError);
        }

        OtherFlushing?.Invoke(path);
        FlushedFolders.Enqueue(path);
        PhysicalDisk.Instance.FlushFolder(path);
    }

    public void SetLength(SafeFileHandle file, long length) => PhysicalDisk.Instance.SetLength(file, length);
}
