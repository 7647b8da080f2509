namespace ConversationHub.Store.Disk;

/// <summary>What is done to a folder of files that must outlast a power cut.</summary>
public static class DiskFolder
{
    /// <summary>Puts the names in a folder on the disk (<c>fsync</c>; <c>F_FULLFSYNC</c> on macOS); Windows has no such call.</summary>
    /// <exception cref="IOException">It cannot be opened, or the disk refuses.</exception>
    public static void Sync(string path)
    {
        if (!OperatingSystem.IsWindows())
            UnixFiles.SyncFolder(path);
    }
}
