using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Disk;

/// <summary>The calls whose failure decides what the store may promise. Tests put a failing disk here.</summary>
internal interface IDisk
{
    /// <summary>Opens a file to read and write, and makes it, for its owner alone, when it is absent.</summary>
    /// <exception cref="IOException">The system's error is in <see cref="Exception.HResult"/>.</exception>
    SafeFileHandle Open(string path);

    /// <summary>Writes all bytes at the offset.</summary>
    /// <exception cref="IOException">Some of the bytes may have been written.</exception>
    void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Returns once the file's bytes and length are on the disk (<c>fdatasync</c>; <c>F_FULLFSYNC</c> on macOS).</summary>
    /// <exception cref="IOException">What is on the disk is not known, and asking again would not tell.</exception>
    void Flush(SafeFileHandle file);

    /// <summary>Returns once the names in a folder are on the disk. Does nothing on Windows, which has no such call.</summary>
    void FlushFolder(string path);

    /// <summary>Cuts or lengthens a file.</summary>
    void SetLength(SafeFileHandle file, long length);
}
