using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using ConversationHub.Store.Maintenance;
using ConversationHub.Store.Recovery;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Repair;

/// <summary>
/// Brings a closed store back to where a check finds nothing (wire.md §10.3, docs/decisions/0011). Bytes are copied before they are taken away,
/// each step is whole or not done, and running it again goes on where it was cut off; a store that is sound is not changed.
/// </summary>
internal sealed class StoreRepair(LogFolder folder, StoreOptions options, IDisk disk, TimeProvider time, IdSource ids, ILogger logger)
{
    /// <summary>What needs the store to be closed.</summary>
    /// <returns>What was done, or why nothing was.</returns>
    /// <exception cref="IOException">The disk failed in the middle.</exception>
    public (IReadOnlyList<string> Done, string? Refused) RepairClosed()
    {
        using var storeLock = StoreLock.TryTake(folder.Lock);
        if (storeLock is null)
            return ([], $"the conversation store in {folder.Root} is in use; stop maestra-backend and repair it then");
        using var files = new SegmentFiles(folder, ReadOnlyDisk.Instance, time);
        var state = new LogState(options.Namespace, searches: false);
        var reading = new LogRecovery(folder, files, ReadOnlyDisk.Instance, state, search: null, logger).Read();
        if (reading.NewerFormat is { } place)
            return ([], $"the log was written by a newer version ({place}); nothing was changed");
        return (
        [
            .. new SegmentRepair(folder, state.Index, disk, ids).Run(reading),
            .. DropDamagedLosses(),
            .. new FileRepair(folder, state.Index, options.ImportOwner, disk, time).Run(),
        ], null);
    }

    /// <summary>What is missing shows in the log, and is noted anew.</summary>
    private string[] DropDamagedLosses()
    {
        KnownLosses.Read(folder.Lost, out var isDamaged);
        if (!isDamaged)
            return [];
        File.Delete(folder.Lost);
        return ["log/lost.json: was damaged, and is written anew"];
    }

    /// <summary>Notes what is gone for good, so that later checks tell new losses from these.</summary>
    /// <returns>What was noted.</returns>
    public IReadOnlyList<string> AcceptLosses(VerifyReport after)
    {
        if (after.Gaps.Count == 0)
            return [];
        using var storeLock = StoreLock.TryTake(folder.Lock);
        if (storeLock is null)
            return [];
        new KnownLosses([.. after.Gaps, .. after.KnownGaps]).Write(folder.Lost, disk);
        return [.. after.Gaps.Select(static gap => $"{gap} are lost, unless a peer holds them; noted in log/lost.json")];
    }
}
