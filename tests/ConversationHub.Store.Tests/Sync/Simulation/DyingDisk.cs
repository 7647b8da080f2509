using ConversationHub.Store.Disk;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Tests.Sync.Simulation;

/// <summary>
/// A disk without its slowest part: what a process wrote outlives the process all the same. Told to, it dies in the middle of a write,
/// of which a part is kept, or at a sync; after that nothing works.
/// </summary>
internal sealed class DyingDisk : IDisk
{
    private const int InputOutputError = 5;

    private readonly PhysicalDisk _disk = PhysicalDisk.Instance;
    private long _left = long.MaxValue;
    private int _atFlush;

    public bool IsDead => Interlocked.Read(ref _left) <= 0;

    /// <summary>So many bytes more are written.</summary>
    public void DieAfter(int bytes) => Interlocked.Exchange(ref _left, bytes);

    /// <summary>Everything is written until the next sync of a file, which fails.</summary>
    public void DieAtFlush() => Interlocked.Exchange(ref _atFlush, 1);

    public SafeFileHandle Open(string path)
    {
        Check();
        return _disk.Open(path);
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        Check();
        var left = Interlocked.Add(ref _left, -bytes.Length);
        var kept = left >= 0 ? bytes.Length : (int)Math.Max(0, bytes.Length + left);
        _disk.Write(file, bytes[..kept], offset);
        Check();
    }

    public void SetLength(SafeFileHandle file, long length)
    {
        Check();
        _disk.SetLength(file, length);
    }

    public void Flush(SafeFileHandle file)
    {
        if (Volatile.Read(ref _atFlush) == 1)
            Interlocked.Exchange(ref _left, 0);
        Check();
    }

    public void FlushFolder(string path) => Check();

    private void Check()
    {
        if (IsDead)
            throw new IOException("The simulated disk died.", InputOutputError);
    }
}
