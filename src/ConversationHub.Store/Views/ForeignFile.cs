using System.Security.Cryptography;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Import;
using ConversationHub.Store.Log;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Views;

/// <summary>
/// A file in the place of a view that this store has not written: the earlier backend's, or one that a person changed (wire.md §10.3).
/// The view takes its place, so its bytes are kept first, and what they hold is imported.
/// </summary>
/// <param name="onKept">Takes the path of the copy, to be imported soon.</param>
internal sealed class ForeignFile(LogFolder folder, WrittenViews written, IDisk disk, Action<string> onKept, ILogger logger)
{
    /// <summary>Nobody's conversation; it is replaced.</summary>
    private const long MaxBytes = 256L << 20;

    /// <summary>How every file of this format ends; the earlier backend's say no format.</summary>
    private static ReadOnlySpan<byte> OwnEnding => "\"format\": 2\n}\n"u8;

    /// <returns>True when something is to be imported that was not known before.</returns>
    /// <exception cref="IOException">The bytes are not kept: the file must not be replaced.</exception>
    public bool Keep(string name)
    {
        var path = folder.View(name);
        if (!File.Exists(path) || RegularFile.TryRead(path, MaxBytes, out _) is not { } bytes || (written.IsOwn(name, bytes) ?? bytes.AsSpan().EndsWith(OwnEnding)))
            return false;
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (ImportReader.TryRead(bytes, UserId.Anonymous, DateTimeOffset.MaxValue, out _) is null)
        {
            KeepDamaged(name, digest, bytes);
            return false;
        }

        var copy = folder.ImportedCopy(digest);
        if (File.Exists(copy))
            return false;
        OwnerOnly.Folder(folder.Imported);
        AtomicFile.Replace(copy, bytes, disk);
        disk.FlushFolder(folder.Root);
        StoreTelemetry.ForeignFileKept(logger, name, digest + ViewName.Extension);
        onKept(copy);
        return true;
    }

    /// <summary>True when the file ends as those of this store do.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static bool IsOwn(string path) => RegularFile.EndsWith(path, OwnEnding);

    private void KeepDamaged(string name, string digest, byte[] bytes)
    {
        OwnerOnly.Folder(folder.Damaged);
        AtomicFile.Replace(Path.Combine(folder.Damaged, digest + ViewName.Extension), bytes, disk);
        disk.FlushFolder(folder.Log);
        StoreTelemetry.DamagedFileKept(logger, name, digest + ViewName.Extension);
    }
}
