using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Disk;

/// <summary>The machine's disk for those who only look.</summary>
internal sealed class ReadOnlyDisk : IDisk
{
    public static readonly ReadOnlyDisk Instance = new();

    public SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => throw NotHere();

    public void Flush(SafeFileHandle file) => throw NotHere();

    public void FlushFolder(string path) => throw NotHere();

    public void SetLength(SafeFileHandle file, long length) => throw NotHere();

    private static InvalidOperationException NotHere() => new("This disk is only read.");
}
