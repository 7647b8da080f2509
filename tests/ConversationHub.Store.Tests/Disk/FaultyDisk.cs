using ConversationHub.Store.Disk;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Tests.Disk;

/// <summary>The machine's disk, until a test tells it to fail.</summary>
internal sealed class FaultyDisk : IDisk
{
    private const int NoSpace = 28;
    private const int InputOutputError = 5;

    private int _flushes;

    /// <summary>How often a file was synced.</summary>
    public int Flushes => Volatile.Read(ref _flushes);

    public bool IsFull { get; set; }

    public bool FailsToFlush { get; set; }

    /// <summary>When not null, a sync waits for it.</summary>
    public ManualResetEventSlim? FlushGate { get; set; }

    public SafeFileHandle Open(string path) => PhysicalDisk.Instance.Open(path);

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (!IsFull)
        {
            PhysicalDisk.Instance.Write(file, bytes, offset);
            return;
        }

        // A full disk takes what fits and then refuses.
        PhysicalDisk.Instance.Write(file, bytes[..(bytes.Length / 2)], offset);
        throw new IOException("No space left on device", NoSpace);
    }

    public void Flush(SafeFileHandle file)
    {
        FlushGate?.Wait();
        Interlocked.Increment(ref _flushes);
        if (FailsToFlush)
            throw new IOException("Input/output error", InputOutputError);
        PhysicalDisk.Instance.Flush(file);
    }

    public void FlushFolder(string path) => PhysicalDisk.Instance.FlushFolder(path);

    public void SetLength(SafeFileHandle file, long length) => PhysicalDisk.Instance.SetLength(file, length);
}
