namespace ConversationHub.Store.Disk;

/// <summary>Folders 0700 and files 0600, set outright because a mode given at creation is still cut by the umask (wire.md §10.1).</summary>
internal static class OwnerOnly
{
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute;

    /// <summary>Makes the folder, parents included, and closes it to others. An existing one is only narrowed.</summary>
    public static void Folder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, FolderMode);
        if (System.IO.File.GetUnixFileMode(path) != FolderMode)
            System.IO.File.SetUnixFileMode(path, FolderMode);
    }

    public static void File(string path)
    {
        if (!OperatingSystem.IsWindows() && System.IO.File.GetUnixFileMode(path) != FileMode)
            System.IO.File.SetUnixFileMode(path, FileMode);
    }
}
