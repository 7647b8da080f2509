using System.Text;
using ConversationHub.Store.Disk;

namespace Maestra.Backend.Identity;

/// <summary>Small files of the state root, for their owner alone (0600, whatever the umask).</summary>
internal static class OwnerOnlyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Temporary file, sync, rename, sync of the folder: a crash leaves the old text or the new one.</summary>
    /// <exception cref="IOException">The file is as it was, or holds the new text without a promise that it outlasts a power cut.</exception>
    public static void Replace(string path, string text)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var file = Open(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(Encoding.UTF8.GetBytes(text));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next process has another name for its own: what a full disk leaves would stay for good.
            Discard(temporary);
            throw;
        }

        DiskFolder.Sync(Path.GetDirectoryName(path)!);
    }

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Why it could not be written is what is to be told.
        }
    }

    /// <summary>Opens or makes a file with mode 0600.</summary>
    public static FileStream Open(string path, FileMode mode, FileAccess access)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && access != FileAccess.Read)
            options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }
}
