using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Disk;

/// <summary>The machine's disk.</summary>
internal sealed class PhysicalDisk : IDisk
{
    public static readonly PhysicalDisk Instance = new();

    public SafeFileHandle Open(string path)
    {
        var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        OwnerOnly.File(path);
        return file;
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    public void Flush(SafeFileHandle file)
    {
        // The framework calls F_FULLFSYNC on macOS but fsync on Linux, where fdatasync spares the inode's times.
        if (OperatingSystem.IsLinux())
            UnixFiles.DataSync(file);
        else
            RandomAccess.FlushToDisk(file);
    }

    public void FlushFolder(string path) => DiskFolder.Sync(path);

    public void SetLength(SafeFileHandle file, long length) => RandomAccess.SetLength(file, length);
}
