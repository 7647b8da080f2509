using System.Security.Cryptography;
using System.Text;

namespace ConversationHub.Contracts;

/// <summary>
/// The sign of a conversation that stays on this machine, for the hubs of one home: an empty file in <c>~/.maestra/local-only.d</c>
/// (docs/decisions/0034). Written by whoever learns of the tag, backend or hub.
/// </summary>
public static class LocalOnlyMark
{
    /// <summary>The tag that its owner gives the conversation.</summary>
    public const string Tag = "local_only";

    /// <summary>Beside the port file.</summary>
    public const string FolderName = "local-only.d";

    /// <summary>Hexadecimal SHA-256 of the id: an id may be longer than a file's name, and nobody needs to read it there.</summary>
    public static string FileNameOf(string conversationId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(conversationId)));

    /// <summary>Makes the mark durable, readable by its owner alone; one that is there stays as it is.</summary>
    /// <exception cref="IOException">Folder or file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static void Write(string folder, string conversationId)
    {
        var path = Path.Combine(folder, FileNameOf(conversationId));
        if (File.Exists(path))
            return;
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Takes the mark away, if it is there.</summary>
    /// <exception cref="IOException">It cannot be taken away.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static void Remove(string folder, string conversationId)
    {
        var path = Path.Combine(folder, FileNameOf(conversationId));
        if (File.Exists(path))
            File.Delete(path);
    }
}
