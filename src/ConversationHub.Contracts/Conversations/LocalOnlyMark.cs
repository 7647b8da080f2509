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

    // A version before made one file of the conversation, whoever said so; while it becomes a folder, it is under this name as well.
    private const string FormerSuffix = ".former";

    private const string WriterSuffix = ".writer";

    /// <summary>Hexadecimal SHA-256 of the id: an id may be longer than a file's name, and nobody needs to read it there.</summary>
    public static string FileNameOf(string conversationId) => Hash(conversationId);

    /// <summary>
    /// A writer's name for a backend, by where its conversations lie, and by when their folder was made: moved they keep the name, and so does a backup
    /// that is put in their place; a copy elsewhere gets another. (The backend's id changes when its identity is renewed.) Noted in the folder of the marks
    /// for each writer, so that no copy brings it along.
    /// </summary>
    /// <param name="folder">Of the marks; made if it is not there.</param>
    /// <param name="born">When the folder of the conversations was made; empty when that is not known.</param>
    public static string Backend(string folder, string stateRoot, string conversationRoot, string born)
    {
        var place = Hash($"{stateRoot}\n{conversationRoot}");
        var name = place;
        try
        {
            MakeFolder(folder);
            var known = Directory.GetFiles(folder, "*" + WriterSuffix).Select(Noted).ToList();
            var own = known.Find(writer => born.Length > 0 && writer.Born == born) ?? known.Find(writer => writer.Place == place);

            // The place may have given its name to a store that was moved away since.
            while (own is null && known.Exists(writer => writer.Name == name))
                name = Hash(name);
            name = own?.Name ?? name;

            // What was there before is gone, or was moved as well.
            foreach (var moved in known.Where(writer => writer.Place == place && writer.Name != name))
                Note(folder, moved with { Place = "" });
            if (own is null || own.Place != place || own.Born != born)
                Note(folder, new Writer(name, place, born));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // Such a disk takes no mark either, of which the log tells.
        }

        return name;
    }

    /// <summary>Whether anybody says so. Not <see cref="File.Exists"/>, which says false also of what it may not see.</summary>
    /// <param name="place">The folder's path, and in it <see cref="FileNameOf"/>.</param>
    /// <returns>Null when the disk does not tell.</returns>
    public static bool? IsThere(string place)
    {
        // A file that becomes a folder (Write) is under both names before it leaves the first, and back under the first before it leaves the second.
        foreach (var path in (ReadOnlySpan<string>)[place, place + FormerSuffix, place])
        {
            if (IsAt(path) is not false and var known)
                return known;
        }

        return false;
    }

    /// <summary>
    /// Makes the mark durable, readable by its owner alone; one that is there stays as it is. A file of a version before becomes a folder with the mark of
    /// the backend that says the same: everybody's, it would be taken away by the next that does not.
    /// </summary>
    /// <param name="writer">A file name.</param>
    /// <returns>False when it was there.</returns>
    /// <exception cref="IOException">Folder or file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static bool Write(string folder, string conversationId, string writer)
    {
        var place = Path.Combine(folder, FileNameOf(conversationId));
        var path = Path.Combine(place, writer);

        // It may be a backend's, and the next answer takes away what hubs say.
        var isFormer = File.Exists(place) || File.Exists(place + FormerSuffix);
        if (isFormer && writer == Hubs)
            return false;
        var isMissing = !File.Exists(path);
        for (var attempt = 1; isMissing; attempt++)
        {
            try
            {
                MakeFolder(folder);
                MakeWay(place);
                MakeFolder(place);
                Make(path);
                break;
            }
            catch (IOException) when (attempt < MaxAttempts)
            {
                // Another writer may have taken its own mark, the last but this, and the empty folder away.
            }
        }

        if (isFormer)
            File.Delete(place + FormerSuffix);
        return isMissing && !isFormer;
    }

    /// <summary>Takes that writer's mark away, if it is there; a backend's with the file of a version before, which its owner could not take away otherwise.</summary>
    /// <exception cref="IOException">It cannot be taken away.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static void Remove(string folder, string conversationId, string writer)
    {
        var place = Path.Combine(folder, FileNameOf(conversationId));
        try
        {
            if (writer != Hubs)
            {
                DeleteFile(place);
                File.Delete(place + FormerSuffix);
            }

            File.Delete(Path.Combine(place, writer));
        }
        catch (Exception none) when (none is DirectoryNotFoundException || File.Exists(place))
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

    private static Writer Noted(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);

        // One that is damaged has the place after which it was named.
        return File.ReadAllText(path).Split('\n') is [var place, var born, ""] ? new Writer(name, place, born) : new Writer(name, name, "");
    }

    private static void Note(string folder, Writer writer)
    {
        var path = Path.Combine(folder, writer.Name + WriterSuffix);
        var temporary = path + ".tmp";
        File.Delete(temporary);
        Make(temporary, $"{writer.Place}\n{writer.Born}\n");
        File.Move(temporary, path, overwrite: true);
    }

    private static bool? IsAt(string path)
    {
        const int None = -1;
        try
        {
            return (int)new FileInfo(path).Attributes != None;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A file in the folder's place goes, and is under the other name before that.</summary>
    private static void MakeWay(string place)
    {
        if (!File.Exists(place))
            return;
        Make(place + FormerSuffix);
        DeleteFile(place);
    }

    /// <summary>Not what has become a folder meanwhile.</summary>
    private static void DeleteFile(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(path))
        {
            // Others say so in it.
        }
    }

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void Make(string path, string text = "")
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    /// <param name="Place">Of its conversations, hashed; empty once those of another lie there.</param>
    private sealed record Writer(string Name, string Place, string Born);
}
