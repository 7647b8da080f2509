using System.Security.Cryptography;
using System.Text;

namespace ConversationHub.Contracts;

/// <summary>
/// The sign of a conversation that stays on this machine, for the hubs of one home: in <c>~/.maestra/local-only.d</c> (docs/decisions/0034) a folder
/// for each such conversation, with an empty file for everyone who says so, so that nobody takes away what another has said. While the folder is
/// there, the conversation stays here.
/// </summary>
public static class LocalOnlyMark
{
    /// <summary>The tag that its owner gives the conversation.</summary>
    public const string Tag = "local_only";

    /// <summary>Beside the port file.</summary>
    public const string FolderName = "local-only.d";

    /// <summary>Writer of what hubs were told in answers, which the latest answer decides.</summary>
    public const string Hubs = "hubs";

    private const int MaxAttempts = 8;

    /// <summary>Hexadecimal SHA-256 of the id: an id may be longer than a file's name, and nobody needs to read it there.</summary>
    public static string FileNameOf(string conversationId) => Hash(conversationId);

    /// <summary>A writer's name for a backend, by where its conversations lie: its id changes when its identity is renewed.</summary>
    public static string Backend(string stateRoot, string conversationRoot) => Hash($"{stateRoot}\n{conversationRoot}");

    /// <summary>Makes the mark durable, readable by its owner alone; one that is there stays as it is.</summary>
    /// <param name="writer">A file name.</param>
    /// <returns>False when it was there.</returns>
    /// <exception cref="IOException">Folder or file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static bool Write(string folder, string conversationId, string writer)
    {
        var place = Path.Combine(folder, FileNameOf(conversationId));
        var path = Path.Combine(place, writer);

        // A file in the folder's place is of a version before: it says the same.
        if (File.Exists(path) || File.Exists(place))
            return false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                MakeFolder(folder);
                MakeFolder(place);
                Make(path);
                return true;
            }
            catch (IOException) when (attempt < MaxAttempts)
            {
                // Another writer may have taken its own mark, the last but this, and the empty folder away.
            }
        }
    }

    /// <summary>Takes that writer's mark away, if it is there.</summary>
    /// <exception cref="IOException">It cannot be taken away.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static void Remove(string folder, string conversationId, string writer)
    {
        var place = Path.Combine(folder, FileNameOf(conversationId));
        if (File.Exists(place))
            File.Delete(place);
        try
        {
            File.Delete(Path.Combine(place, writer));
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }

        try
        {
            Directory.Delete(place);
        }
        catch (IOException)
        {
            // Others say so too, or one of them has just taken it away.
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void Make(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Flush(flushToDisk: true);
    }
}
