using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Import;
using ConversationHub.Store.Log;
using ConversationHub.Store.Repair;
using ConversationHub.Store.Views;

namespace ConversationHub.Store.Compaction;

/// <summary>
/// Removes copies of erased text that stand beside the log: bytes of damage, and of imported files. One that cannot be read holds up neither the
/// others nor the log; a mark on the disk says then that all are to be looked at again, since the log tells nothing of them any more by that time.
/// Not thread-safe.
/// </summary>
internal sealed class ErasedCopies(LogState state, LogFolder folder, IDisk disk)
{
    private const int MaxNamed = 3;

    /// <summary>The latest erasure of a user for which all copies were looked at.</summary>
    private int _seen = -1;

    /// <summary>True when some could not be read at an earlier round.</summary>
    public bool AreMissed => File.Exists(folder.MissedCopies);

    /// <summary>True when copies are to be looked at though nothing erased is left in the log: a user's may be of conversations that are known nowhere else.</summary>
    public bool AreDue => AreMissed || (LatestOfUsers() > _seen && Directory.Exists(folder.Damaged) && Directory.EnumerateFiles(folder.Damaged).Any());

    /// <returns>Null when all were looked at; else which could not be read, and what to do.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public string? Drop(CompactionPlan plan)
    {
        var latest = LatestOfUsers();
        var missed = new List<string>();
        Drop(folder.Damaged, (path, bytes) => IsErasedDamage(path, bytes, plan), missed);
        Drop(folder.Imported, (_, bytes) => IsErasedImport(bytes, plan), missed);
        if (missed.Count == 0)
        {
            _seen = latest;
            File.Delete(folder.MissedCopies);
            return null;
        }

        if (!AreMissed)
            AtomicFile.Replace(folder.MissedCopies, Encoding.UTF8.GetBytes(string.Concat(missed.Select(static one => one + "\n"))), disk);
        return $"{missed.Count} of the kept copies cannot be read and may hold it: {string.Join("; ", missed.Take(MaxNamed))}; remove them, or let this user read them";
    }

    private void Drop(string copies, Func<string, byte[], bool> isErased, List<string> missed)
    {
        if (!Directory.Exists(copies))
            return;
        foreach (var path in Directory.EnumerateFiles(copies))
        {
            if (path.EndsWith(SegmentRepair.IdsExtension, StringComparison.Ordinal) || TryRead(path, missed) is not { } bytes || !isErased(path, bytes))
                continue;
            File.Delete(path);
            File.Delete(SegmentRepair.IdsOf(path));
        }

        disk.FlushFolder(copies);
    }

    private static byte[]? TryRead(string path, List<string> missed)
    {
        string? problem;
        try
        {
            if (RegularFile.TryRead(path, Array.MaxLength, out problem) is { } bytes)
                return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problem = error.Message;
        }

        missed.Add($"{path} ({problem})");
        return null;
    }

    /// <summary>Files of conversations go with their own alone: nothing else has what a repair could not read of them.</summary>
    private bool IsErasedDamage(string path, byte[] bytes, CompactionPlan plan)
    {
        if (path.EndsWith(ViewName.Extension, StringComparison.Ordinal))
        {
            return TornConversationFile.TryRead(bytes, UserId.Anonymous, DateTimeOffset.MaxValue) is { } torn
                ? IsErased(torn.File, plan)
                : plan.Names.AreTextsIn(bytes) || plan.Names.IsOwnerIn(bytes);
        }

        var ids = SegmentRepair.IdsOf(path);
        return plan.Names.MayBeIn(bytes) || (File.Exists(ids) && plan.Names.MayBeIn(File.ReadAllBytes(ids)));
    }

    /// <summary>
    /// Copies of imported files are kept for their bytes; those of a conversation of which anything was erased must not be, shown though it may be
    /// again by what a peer wrote later: what was not erased stands in the log.
    /// </summary>
    private bool IsErasedImport(byte[] bytes, CompactionPlan plan) =>
        ImportReader.TryRead(bytes, UserId.Anonymous, DateTimeOffset.MaxValue, out _) is { } file
            ? IsErased(file.ConversationId, plan)
            : plan.Names.AreIdsIn(bytes) || plan.Names.IsOwnerIn(bytes);

    private bool IsErased(ImportedFile file, CompactionPlan plan) =>
        IsErased(file.ConversationId, plan) || file.Operations.Any(one => plan.Names.IsErased(file.Owner.ToString(), one.Hlc));

    private bool IsErased(ConversationId id, CompactionPlan plan)
    {
        lock (state.Gate)
            return state.Index.AllOfId(id.ToString()).Any(number => state.Index.IsClosedByErasure(number) || plan.Touched.Contains(number));
    }

    private int LatestOfUsers()
    {
        lock (state.Gate)
            return state.Index.UserErasures.Values.DefaultIfEmpty(-1).Max();
    }
}
