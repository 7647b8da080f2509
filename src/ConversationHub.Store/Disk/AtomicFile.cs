using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Store.Disk;

/// <summary>Writes a whole file so that a crash leaves the old one or the new one, never a part.</summary>
internal static class AtomicFile
{
    /// <summary>Ends the name of a file that is being written; one left behind by a crash is worth nothing.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>Temporary file, sync, rename, sync of the folder.</summary>
    /// <exception cref="IOException">The file is as it was.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> bytes, IDisk disk)
    {
        ReplaceLater(path, bytes, disk);
        disk.FlushFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>The same without the sync of the folder: until one is made a crash may bring the old file back.</summary>
    public static void ReplaceLater(string path, ReadOnlySpan<byte> bytes, IDisk disk)
    {
        var temporary = path + TemporarySuffix;
        using (var file = Begin(temporary, disk))
        {
            disk.Write(file, bytes, 0);
            disk.Flush(file);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The same for content that is made while it is written.</summary>
    public static void ReplaceLater(string path, Action<Stream> write, IDisk disk)
    {
        var temporary = path + TemporarySuffix;
        using (var file = Begin(temporary, disk))
        {
            using (var stream = new DiskStream(file, disk))
                write(stream);
            disk.Flush(file);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static SafeFileHandle Begin(string temporary, IDisk disk)
    {
        var file = disk.Open(temporary);
        disk.SetLength(file, 0);
        return file;
    }
}
