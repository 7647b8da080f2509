namespace ConversationHub.Store;

/// <summary>Small files of the programs that must survive a crash whole.</summary>
public static class DurableFile
{
    /// <summary>
    /// Replaces a file, or makes it, for its owner alone (0600). When it returns, the new content is on the disk under its name;
    /// a crash at any moment leaves the old file or the new one. Not to be called for one path by two at once.
    /// </summary>
    /// <exception cref="IOException">The file is as it was.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> bytes) => Disk.AtomicFile.Replace(path, bytes, Disk.PhysicalDisk.Instance);
}
