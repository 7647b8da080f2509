using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Import;
using ConversationHub.Store.Log;
using ConversationHub.Store.Origins;
using ConversationHub.Store.Recovery;
using ConversationHub.Store.Repair;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Maintenance;

/// <summary>What an operator does to a log store that no process holds; each method opens it and closes it again.</summary>
public sealed class LogMaintenance(StoreOptions options, TimeProvider time, IdSource ids, ILogger logger)
{
    private readonly LogFolder _folder = new(options.Root);

    /// <summary>Checks everything and changes nothing. A running store may be checked too: its log only.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public VerifyReport Verify() => new StoreVerifier(_folder, options, time, logger).Run();

    /// <summary>
    /// Repairs what a check finds (wire.md §10.3): damaged bytes are kept aside and taken out, what can still be read in them comes back,
    /// files that keep an id from being used are moved away, files beside the log are made anew. A sound store is not changed.
    /// </summary>
    /// <returns>The report, or why nothing was done: the store is in use, or a newer version wrote it.</returns>
    /// <exception cref="IOException">The disk failed in the middle; running it again goes on.</exception>
    public async Task<(RepairReport? Report, string? Refused)> RepairAsync()
    {
        var before = Verify();
        if (before is { IsRunning: false, IsSound: true })
            return (new RepairReport([], before), null);
        var repair = new StoreRepair(_folder, options, Disk, time, ids, logger);
        var (done, refused) = repair.RepairClosed();
        if (refused is not null)
            return (null, refused);

        // Opening it imports what was brought back, and makes its index, snapshot and search files anew.
        if (await RebuildViewsAsync().ConfigureAwait(false) is { } failed)
            return (null, failed);
        var after = Verify();
        return (new RepairReport([.. done, .. repair.AcceptLosses(after)], Verify()), null);
    }

    /// <summary>Told how far the work has come; null for nobody.</summary>
    public IProgress<StoreProgress>? Progress => options.Progress;

    /// <summary>Takes the writes of a repair that must not be lost.</summary>
    internal IDisk Disk { get; init; } = PhysicalDisk.Instance;

    /// <summary>Counts, also while the store is running.</summary>
    /// <returns>The numbers, or why there are none: a newer version wrote the store.</returns>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public (StoreStats? Stats, string? Refused) CountAll()
    {
        if (NewerStore.Refusal(_folder) is { } newer)
            return (null, newer);
        using var files = new SegmentFiles(_folder, ReadOnlyDisk.Instance, time);
        var state = new LogState(options.Namespace, searches: false);
        var reading = new LogRecovery(_folder, files, ReadOnlyDisk.Instance, state, search: null, logger, options.Progress).Read();
        if (reading.NewerFormat is { } place)
            return (null, NewerStore.Refusal(_folder.Log, place));
        var index = state.Index;
        return (new StoreStats(
            index.Recency.Count,
            index.Conversations.Where(static entry => entry.IsShown).Sum(static entry => entry.Messages.Count),
            index.Operations.Count,
            index.Origins.Count,
            index.Conversations.Where(static entry => entry.IsShown).Select(static entry => entry.Owner).Distinct().Count(),
            reading.Segments.Count,
            reading.Segments.Sum(number => new FileInfo(_folder.Segment(number)).Length),
            reading.Damage.Count,
            Enumerable.Range(0, index.Operations.Count).Count(index.HasErasedText)), null);
    }

    /// <summary>Opens the store for the archive's methods: compaction, export, import. To be disposed by the caller.</summary>
    public StoreOpening Open() => StoreOpener.OpenLog(options, time, ids, logger);

    /// <summary>Takes over a folder of the earlier backend's files (wire.md §10.3). Importing the same files again changes nothing.</summary>
    /// <returns>The report, or why there is none.</returns>
    public async Task<(ImportReport? Report, string? Refused)> ImportAsync(string source, CancellationToken cancellationToken)
    {
        switch (Open())
        {
            case StoreOpening.Opened opened:
                await using (opened.Store.ConfigureAwait(false))
                    return (await ((LogStore)opened.Store).ImportAsync(source, cancellationToken).ConfigureAwait(false), null);
            case StoreOpening.Refused refused:
                return (null, refused.Reason);
            default:
                throw new InvalidOperationException("Unknown outcome of opening a store.");
        }
    }

    /// <summary>Writes every file beside the log anew.</summary>
    /// <returns>Null when done, else why not.</returns>
    public async Task<string?> RebuildViewsAsync()
    {
        switch (Open())
        {
            case StoreOpening.Opened opened:
                await using (opened.Store.ConfigureAwait(false))
                {
                    return await ((LogStore)opened.Store).RebuildViewsAsync().ConfigureAwait(false)
                        ? null
                        : "not every file could be written; the log says which";
                }
            case StoreOpening.Refused refused:
                return refused.Reason;
            default:
                throw new InvalidOperationException("Unknown outcome of opening a store.");
        }
    }

    /// <summary>Gives the store a new id and with it new origins, as a restored or cloned store needs them (wire.md §9.5).</summary>
    /// <returns>Null when done, else why not.</returns>
    public string? TakeNewOrigins()
    {
        using var storeLock = StoreLock.TryTake(_folder.Lock);
        if (storeLock is null)
            return $"The conversation store in {_folder.Root} is in use. Stop the process that holds it.";
        if (NewerStore.Refusal(_folder) is { } newer)
            return newer;
        var held = StoreIdentity.TryRead(_folder.Identity, out _);
        (StoreIdentity.New(ids) with { Damage = held?.Damage ?? "", Born = BirthMark.Of(_folder.Log) }).Write(_folder.Identity, PhysicalDisk.Instance);
        StoreTelemetry.NewIdentity(logger, "asked for");
        return null;
    }
}
