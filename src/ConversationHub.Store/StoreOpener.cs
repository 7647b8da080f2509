using ConversationHub.Contracts;
using ConversationHub.Store.Compaction;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Import;
using ConversationHub.Store.Log;
using ConversationHub.Store.Origins;
using ConversationHub.Store.Postgres;
using ConversationHub.Store.Reading;
using ConversationHub.Store.Recovery;
using ConversationHub.Store.Search;
using ConversationHub.Store.Snapshots;
using ConversationHub.Store.Sync;
using ConversationHub.Store.Views;
using ConversationHub.Store.Writing;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store;

/// <summary>Opens stores.</summary>
public static class StoreOpener
{
    private const int LargeOperations = 200_000;

    /// <summary>
    /// Opens the log store under <see cref="StoreOptions.Root"/>, makes it when it is absent, and repairs what a crash left.
    /// Blocks while the log is being read.
    /// </summary>
    /// <returns>
    /// <see cref="StoreOpening.Opened"/>, or <see cref="StoreOpening.Refused"/> when the folder cannot be used,
    /// another process holds the store, or a later version has written it.
    /// </returns>
    public static StoreOpening OpenLog(StoreOptions options, TimeProvider time, IdSource ids, ILogger logger) =>
        OpenLog(options, time, ids, logger, PhysicalDisk.Instance);

    /// <summary>
    /// Opens the store in a PostgreSQL database and brings its schema up to date. <see cref="StoreOptions.Root"/> is not used,
    /// and every user has an own namespace.
    /// </summary>
    /// <param name="connectionString">As <see cref="Postgres.PostgresAddress"/> gives it.</param>
    /// <returns>
    /// <see cref="StoreOpening.Opened"/>, or <see cref="StoreOpening.Refused"/> when the database cannot be reached, cannot be used,
    /// or was made by a later version.
    /// </returns>
    public static Task<StoreOpening> OpenPostgresAsync(
        StoreOptions options, string connectionString, TimeProvider time, IdSource ids, ILogger logger, CancellationToken cancellationToken) =>
        PostgresOpener.OpenAsync(options, connectionString, time, ids, logger, cancellationToken);

    internal static StoreOpening OpenLog(StoreOptions options, TimeProvider time, IdSource ids, ILogger logger, IDisk disk)
    {
        var folder = new LogFolder(options.Root);
        try
        {
            MakeFolders(folder, disk);
            if (StoreLock.TryTake(folder.Lock) is not { } storeLock)
                return Locked(folder);
            return OpenLocked(options, folder, storeLock, time, ids, logger, disk);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new StoreOpening.Refused(
                $"The conversation store cannot use {folder.Root}: {(error is FileNotFoundException or DirectoryNotFoundException ? "the folder cannot be made there." : error.Message)} "
                + "Give this user the right to write there, or set CONVERSATION_HUB_ROOT to a folder that can be written.");
        }
    }

    /// <summary>A synced segment is lost all the same when the name of a folder above it is not on the disk.</summary>
    private static void MakeFolders(LogFolder folder, IDisk disk)
    {
        var absent = new List<string>();
        for (var path = folder.Log; path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path))
            absent.Add(path);
        OwnerOnly.Folder(folder.Root);
        OwnerOnly.Folder(folder.Log);
        foreach (var made in absent)
            disk.FlushFolder(Path.GetDirectoryName(made)!);
    }

    private static StoreOpening OpenLocked(
        StoreOptions options, LogFolder folder, StoreLock storeLock, TimeProvider time, IdSource ids, ILogger logger, IDisk disk)
    {
        var files = new SegmentFiles(folder, disk, time);
        SearchKeeper? search = null;
        var opened = false;
        try
        {
            var started = time.GetTimestamp();
            if (NewerStore.Refusal(folder) is { } newer)
                return new StoreOpening.Refused(newer);
            var identity = StoreIdentity.TryRead(folder.Identity, out _);
            var (state, known) = ReadSnapshot(options, folder, files, time, logger);
            var held = state.Index.Operations.Count;
            search = new SearchKeeper(state, files, folder, disk, logger);
            search.Open(held);
            var recovery = new LogRecovery(folder, files, disk, state, search, logger, options.Progress);
            var reading = recovery.Read(known);
            if (reading.NewerFormat is { } place)
                return new StoreOpening.Refused(NewerStore.Refusal(folder.Log, place));
            var (segment, length) = recovery.Repair(reading, known);
            search.Complete();
            var isLarge = state.Index.Conversations.Count > options.LooksFirstUpTo;
            foreach (var path in folder.ListTemporary(inRoot: !isLarge))
                File.Delete(path);
            var born = BirthMark.Of(folder.Log);
            var own = state.OwnOperations(options.BackendId);
            var sent = SentMark.TryRead(folder.Sent);
            if (IdentityRenewal.IsDue(identity, reading, born, sent?.WhyPutBack(options.BackendId, own, BirthMark.OfFile(folder.Sent)), out var why))
            {
                sent = null;
                identity = StoreIdentity.New(ids) with { Damage = IdentityRenewal.DigestOf(reading.Damage), Born = born };
                identity.Write(folder.Identity, disk);
                if (why is not null)
                    StoreTelemetry.NewIdentity(logger, why);
            }
            else if (identity!.Born != born && born.Length > 0)
            {
                // Taken where the time of birth was not known: from here on a copy is told.
                identity = identity with { Born = born };
                identity.Write(folder.Identity, disk);
            }

            // What another identity has sent says nothing of this one's streams.
            if (sent?.BackendId != options.BackendId)
                sent = null;

            // There from the first start, so that a backup has one and is told by it.
            var outbox = new SentLog(folder.Sent, options.BackendId, sent?.Operations, logger);
            if (sent is null)
                outbox.Note(own);
            var board = new StatusBoard(LogStore.Kind);
            board.Counted(state.Index.Recency.Count);
            if (reading.Damage is { Count: > 0 } damage)
                board.FoundDamage($"{damage.Count} damaged region(s) of the log, the first at {damage[0]}");
            var writer = new LogWriter(folder, files, disk, segment, length);
            var loop = new CommitLoop(
                state, writer, new OriginNames(options.BackendId, identity!, folder, disk, ids, logger), board, time, logger,
                new QuarantineRelease(state, files, board).Run);
            var messages = new MessageReader(files, board, logger);
            var watch = new FolderWatch(
                state, folder, () => new FolderImporter(state, loop, folder, disk, options.ImportOwner, time, logger, options.Progress), time, logger);
            var written = new WrittenViews(folder, disk);
            var views = new ViewWriter(
                state,
                new ViewBuilder(state, new ConversationReader(state, messages), messages),
                new ForeignFile(folder, written, disk, watch.Kept, logger),
                written,
                folder,
                disk,
                time,
                logger,
                options.Progress);
            var turn = new SemaphoreSlim(1, 1);
            var snapshots = new SnapshotKeeper(state, files, folder, disk, board, options.SnapshotEvery, time, logger);
            snapshots.Opened(held);
            var scrub = new SegmentScrub(state, files, folder, disk, known, board, logger);
            var compactor = new LogCompactor(state, loop, files, search, snapshots, turn, folder, disk, board, time, logger, options.Progress);
            var housekeeper = new Housekeeper(state, views, compactor, watch, board, time, logger);
            var sync = new LogSync(
                state, loop, new LogSyncReader(state, files, board), new Reissuer(state, loop, files, options.BackendId, time), housekeeper, board,
                outbox, options.BackendId, time);
            var store = new LogStore(
                state,
                loop,
                compactor,
                housekeeper,
                new IndexHousekeeper(search, snapshots, scrub, turn, board, time, logger),
                watch,
                folder,
                messages,
                board,
                options.BackendId,
                time,
                ids,
                sync,
                new OpenResources(views, turn, watch, search, files, storeLock));
            StoreTelemetry.Opened(logger, state.Index.Operations.Count, state.Index.Recency.Count, reading.Segments.Count,
                (long)time.GetElapsedTime(started).TotalMilliseconds);

            // Reading a large store leaves nearly as much behind as it keeps; nobody waits yet, so this is the time to give it back.
            if (state.Index.Operations.Count >= LargeOperations)
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            opened = true;
            var isClean = CleanMark.TryRemove(folder, disk);
            if (!isClean)
                store.MarkAllViews();
            var import = isLarge
                ? watch.LookLater(looksAtViews: !isClean)
                : Task.FromResult<ImportReport?>(store.ImportAsync(folder.Root, CancellationToken.None, looksAtViews: !isClean).GetAwaiter().GetResult());
            return new StoreOpening.Opened(store, store) { Import = import, Damaged = board.Damaged, Born = born };
        }
        finally
        {
            if (!opened)
            {
                search?.Dispose();
                files.Dispose();
                storeLock.Dispose();
            }
        }
    }

    /// <returns>What a snapshot holds and how far it goes, or an empty state.</returns>
    private static (LogState State, SegmentCover? Known) ReadSnapshot(
        StoreOptions options, LogFolder folder, SegmentFiles files, TimeProvider time, ILogger logger)
    {
        var state = Empty();
        if (new SnapshotFile(folder, files).TryRead(state, out var why) is { } known)
            return (state, known);

        if (why is null)
            return (state, null);
        StoreTelemetry.SnapshotDiscarded(logger, why);
        File.Delete(folder.Snapshot);
        return (Empty(), null);

        LogState Empty() => new(
            options.Namespace, options.KeepsSearchIndex,
            new Quarantine(origin => origin.StartsWith(options.BackendId + "~", StringComparison.Ordinal), time));
    }

    private static StoreOpening.Refused Locked(LogFolder folder)
    {
        var owner = StoreLock.ReadOwner(folder.Lock) is { } pid ? $"process {pid}" : "another process";
        return new StoreOpening.Refused(
            $"The conversation store in {folder.Root} is in use by {owner}. "
            + "Stop that process, or set CONVERSATION_HUB_ROOT to another folder.");
    }

    /// <summary>What an open store holds of the system, in the order in which it is let go.</summary>
    private sealed class OpenResources(params IDisposable[] resources) : IDisposable
    {
        public void Dispose()
        {
            foreach (var resource in resources)
                resource.Dispose();
        }
    }
}
