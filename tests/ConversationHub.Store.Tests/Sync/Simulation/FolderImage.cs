namespace ConversationHub.Store.Tests.Sync.Simulation;

/// <summary>The bytes of every file in a folder at one moment: what a kill leaves, and what a backup or the image of a disk brings back.</summary>
internal sealed class FolderImage
{
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    private FolderImage()
    {
    }

    public static FolderImage Take(string root)
    {
        var image = new FolderImage();
        foreach (var path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            // The lock is of the process. A file that housekeeping renames meanwhile is found under its other name, or written anew.
            if (Path.GetFileName(path) != "lock" && TryRead(path) is { } bytes)
                image._files.Add(Path.GetRelativePath(root, path), bytes);
        }

        return image;
    }

    /// <summary>In place: folders keep the time of their birth, so that nothing but the content tells.</summary>
    public void PutBack(string root)
    {
        foreach (var path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
            File.Delete(path);
        Write(root);
    }

    /// <summary>Into folders that are made now, as one who restores a backup does.</summary>
    public void PutBackAsACopy(string root)
    {
        Directory.Delete(root, recursive: true);
        Write(root);
    }

    private void Write(string root)
    {
        foreach (var (name, bytes) in _files)
        {
            var path = Path.Combine(root, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }
    }

    private static byte[]? TryRead(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
