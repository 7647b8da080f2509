using System.Security.Cryptography;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Views;

/// <summary>
/// A file in the place of a view that this store has not written: the earlier backend's, or a person's (wire.md §10.3).
/// The view takes its place, so its bytes are kept first.
/// </summary>
internal sealed class ForeignFile(LogFolder folder, IDisk disk, ILogger logger)
{
    /// <summary>How every file of this format ends; the earlier backend's say no format.</summary>
    private static ReadOnlySpan<byte> OwnEnding => "\"format\": 2\n}\n"u8;

    /// <exception cref="IOException">The bytes are not kept: the file must not be replaced.</exception>
    public void Keep(string name)
    {
        var path = folder.View(name);
        if (!File.Exists(path) || IsOwn(path))
            return;
        var bytes = File.ReadAllBytes(path);
        var copy = Convert.ToHexStringLower(SHA256.HashData(bytes));
        OwnerOnly.Folder(folder.Imported);
        AtomicFile.Replace(folder.ImportedCopy(copy), bytes, disk);
        disk.FlushFolder(folder.Root);
        StoreTelemetry.ForeignFileKept(logger, name, copy + ViewName.Extension);
    }

    private static bool IsOwn(string path)
    {
        using var file = File.OpenHandle(path);
        Span<byte> ending = stackalloc byte[OwnEnding.Length];
        var offset = RandomAccess.GetLength(file) - ending.Length;
        return offset > 0 && RandomAccess.Read(file, ending, offset) == ending.Length && ending.SequenceEqual(OwnEnding);
    }
}
