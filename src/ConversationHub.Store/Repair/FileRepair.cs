using System.Security.Cryptography;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Import;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Views;

namespace ConversationHub.Store.Repair;

/// <summary>
/// Takes files that cannot be read as conversations out of the way, so that asks for their ids are answered again (wire.md §10.3): their bytes go to
/// <c>log/damaged/</c>, and the messages up to the damage are left for the next start to import.
/// </summary>
internal sealed class FileRepair(LogFolder folder, StoreIndex index, UserId importOwner, IDisk disk, TimeProvider time)
{
    /// <summary>As an import reads at most.</summary>
    public const long MaxFileBytes = 256L << 20;

    /// <summary>Files in the root that no view is and no import can read.</summary>
    /// <returns>Name without folders, what is wrong, and the bytes; those are null when not even they can be read.</returns>
    public static IEnumerable<(string Name, string Problem, byte[]? Bytes)> FindUnreadable(LogFolder folder, StoreIndex index)
    {
        var ours = Enumerable.Range(0, index.Conversations.Count)
            .Where(number => index.Conversations[number].IsShown)
            .Select(number => ViewName.Of(index.Conversations[number].Id, index.Conversations[number].Owner, index.IsFirstOfName(number)))
            .Append(Path.GetFileName(folder.IndexView)).Append(Path.GetFileName(folder.Imports))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.GetFiles(folder.Root, "*" + ViewName.Extension).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(path);
            if (ours.Contains(name))
                continue;
            var bytes = TryReadFile(path, out var problem);
            if (!StateFiles.Has(name) && (bytes is null || ImportReader.TryRead(bytes, UserId.Anonymous, DateTimeOffset.MaxValue, out problem) is null))
                yield return (name, problem!, bytes);
        }
    }

    private static byte[]? TryReadFile(string path, out string? problem)
    {
        try
        {
            return RegularFile.TryRead(path, MaxFileBytes, out problem);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problem = error.Message;
            return null;
        }
    }

    /// <returns>One sentence for each file that was moved.</returns>
    public IReadOnlyList<string> Run()
    {
        var done = new List<string>();
        foreach (var (name, _, bytes) in FindUnreadable(folder, index).ToArray())
        {
            // A pipe, or a file beyond all bounds: what it is only its owner can say, and the check names it.
            if (bytes is not null)
                done.Add(SetAside(name, bytes));
        }

        foreach (var path in FindChangedCopies(folder).ToArray())
            done.Add(SetCopyAside(path));
        return done;
    }

    /// <summary>Copies of imported files whose bytes are not those that were imported.</summary>
    public static IEnumerable<string> FindChangedCopies(LogFolder folder) => !Directory.Exists(folder.Imported)
        ? []
        : Directory.EnumerateFiles(folder.Imported, "*" + ViewName.Extension)
            .Where(static path => Digest(File.ReadAllBytes(path)) != Path.GetFileNameWithoutExtension(path));

    private string SetCopyAside(string path)
    {
        var copy = KeepDamaged(File.ReadAllBytes(path));
        File.Delete(path);
        disk.FlushFolder(folder.Imported);
        return $"imported/{Path.GetFileName(path)}: kept as {copy}; what it was imported as stands in the log";
    }

    private string SetAside(string name, byte[] bytes)
    {
        var torn = TornConversationFile.TryRead(bytes, importOwner, time.GetUtcNow());
        if (IsErased(torn?.File.ConversationId) || (ConversationId.TryParse(Path.GetFileNameWithoutExtension(name), out var named) && IsErased(named)))
        {
            Delete(name);
            return $"{name}: removed, its conversation was erased";
        }

        var copy = KeepDamaged(bytes);
        if (torn is var (readable, file))
        {
            OwnerOnly.Folder(folder.Imported);
            AtomicFile.Replace(folder.ImportedCopy(Digest(readable)), readable, disk);
        }

        Delete(name);
        var messages = torn?.File.Operations.Count(static one => one.Draft.Kind == OperationKind.Message) ?? 0;
        return $"{name}: kept as {copy}, {messages} messages in it can be read and are imported";
    }

    private string KeepDamaged(byte[] bytes)
    {
        OwnerOnly.Folder(folder.Damaged);
        var copy = Digest(bytes) + ViewName.Extension;
        AtomicFile.Replace(Path.Combine(folder.Damaged, copy), bytes, disk);
        disk.FlushFolder(folder.Log);
        return "log/damaged/" + copy;
    }

    private bool IsErased(ConversationId? id) => id is { } known && index.AllOfId(known.ToString()).Any(index.IsClosedByErasure);

    private void Delete(string name)
    {
        File.Delete(folder.View(name));
        disk.FlushFolder(folder.Root);
    }

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
