using System.IO.Enumeration;
using System.Security.Cryptography;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using ConversationHub.Store.Views;
using ConversationHub.Store.Writing;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Import;

/// <summary>
/// Takes over a folder of the earlier backend's files (wire.md §10.3). Their bytes are copied before anything else, so nothing is ever lost by it;
/// importing the same files again changes nothing. One import at a time.
/// </summary>
internal sealed class FolderImporter(
    LogState state, CommitLoop writer, LogFolder folder, IDisk disk, UserId defaultOwner, TimeProvider time, ILogger logger,
    IProgress<StoreProgress>? progress = null)
{
    /// <summary>Operations that become durable together.</summary>
    private const int OperationsPerWrite = 500;

    /// <summary>A file of the earlier backend is text; anything longer is none.</summary>
    private const long MaxFileBytes = 256L << 20;

    private static readonly StringComparison OfFileNames = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
    private static readonly EnumerationOptions EveryFile = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly List<DamagedFile> _damaged = [];
    private int _imported;
    private int _skipped;
    private int _operations;
    private bool _unfinished;

    /// <param name="source">The folder to look at; of the store's own, files it wrote itself are passed over.</param>
    /// <param name="looksAtViews">Files in the place of a view are looked at too: another program may have put them there, or a full disk kept the view from being written.</param>
    public Task<ImportReport> RunAsync(string source, bool looksAtViews, CancellationToken cancellationToken) =>
        RunAsync(journal => Candidates(source, looksAtViews, journal, cancellationToken), cancellationToken);

    private IEnumerable<string> Candidates(string source, bool looksAtViews, ImportJournal journal, CancellationToken cancellationToken)
    {
        var found = Find(source, looksAtViews, cancellationToken);
        return Path.GetFullPath(source) == Path.GetFullPath(folder.Root) ? found.Concat(KeptButNotImported(journal)) : found;
    }

    /// <summary>Takes over files that were found before (<see cref="Find"/>), or kept.</summary>
    public Task<ImportReport> RunFilesAsync(IEnumerable<string> paths, CancellationToken cancellationToken) => RunAsync(_ => paths, cancellationToken);

    /// <summary>Takes over what was kept and never imported.</summary>
    public Task<ImportReport> RunKeptAsync(CancellationToken cancellationToken) => RunAsync(KeptButNotImported, cancellationToken);

    /// <summary>Files of a folder that may be foreign, and changes nothing; no turn is needed for it.</summary>
    /// <param name="looksAtViews">As in <see cref="RunAsync(string, bool, CancellationToken)"/>.</param>
    public IReadOnlyList<string> Find(string source, bool looksAtViews, CancellationToken cancellationToken)
    {
        var ours = Path.GetFullPath(source) == Path.GetFullPath(folder.Root) ? new OwnFiles(state) : null;
        var files = new FileSystemEnumerable<string>(source, static (ref FileSystemEntry entry) => entry.ToSpecifiedFullPath(), EveryFile)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                !entry.IsDirectory && entry.FileName.EndsWith(ViewName.Extension, OfFileNames)
                && entry.FileName is not ("index.json" or "imports.json")
                && (ours?.Have(entry.FileName) != true || (looksAtViews && IsForeignView(entry.ToSpecifiedFullPath(), cancellationToken))),
        };
        return [.. files.Order(StringComparer.Ordinal)];
    }

    private async Task<ImportReport> RunAsync(Func<ImportJournal, IEnumerable<string>> paths, CancellationToken cancellationToken)
    {
        var journal = ImportJournal.Read(folder, disk);
        var before = journal.Records.Count;
        try
        {
            // What is kept and not imported is found out when the rest is done, so how many there are is known of most only.
            var all = paths(journal);
            var total = progress is null || !all.TryGetNonEnumeratedCount(out var count) ? 0 : count;
            var done = 0;
            foreach (var path in all)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await TryImportAsync(path, journal, cancellationToken).ConfigureAwait(false);
                progress?.Report(new StoreProgress("importing", ++done, total, "files"));
            }
        }
        finally
        {
            if (journal.Records.Count > before)
                Write("imports.json", journal.Save);
        }

        foreach (var file in _damaged)
            StoreTelemetry.ImportDamaged(logger, file.File, file.Why);
        if (_imported + _damaged.Count > 0)
            StoreTelemetry.Imported(logger, _imported, _skipped, _damaged.Count, _operations);
        return new ImportReport(_imported, _skipped, _damaged, _operations) { IsUnfinished = _unfinished };
    }

    private bool IsForeignView(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return path != folder.IndexView && path != folder.Imports && !ForeignFile.IsOwn(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Looked at as any other file, whose report says why it cannot be read.
            return true;
        }
    }

    /// <summary>Copies of foreign files whose import a crash came before. Asked for when the files themselves have been imported.</summary>
    private IEnumerable<string> KeptButNotImported(ImportJournal journal)
    {
        if (!Directory.Exists(folder.Imported))
            yield break;
        foreach (var path in Directory.GetFiles(folder.Imported, "*" + ViewName.Extension))
        {
            if (!journal.Knows(Path.GetFileNameWithoutExtension(path)))
                yield return path;
        }
    }

    /// <summary>Whatever is wrong with one file costs that file: it is reported, and the others are imported.</summary>
    private async Task TryImportAsync(string path, ImportJournal journal, CancellationToken cancellationToken)
    {
        try
        {
            await ImportAsync(path, journal, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Unfinished(Path.GetFileName(path), error);
        }
#pragma warning disable CA1031 // Whatever it is, a start must not end of one file: nothing of the store would be served until somebody finds it.
        catch (Exception bug) when (bug is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            StoreTelemetry.ImportFailed(logger, Path.GetFileName(path), bug);
            Damaged(Path.GetFileName(path), "cannot be imported: " + bug.Message);
        }
    }

    private async Task ImportAsync(string path, ImportJournal journal, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(path);
        if (TryRead(path, name) is not { } bytes)
            return;
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));

        // In this folder, or kept from it, also what was imported before is looked at: put back by a backup, it may hold what was erased since.
        var isKnown = journal.Knows(sha256);
        if (isKnown && !IsInOwnFolder(path) && path != folder.ImportedCopy(sha256))
        {
            _skipped++;
            return;
        }

        if (ImportReader.TryRead(bytes, defaultOwner, time.GetUtcNow(), out var problem) is not { } file)
        {
            Damaged(name, problem!);
            return;
        }

        if (!isKnown && !Write(name, () => Keep(sha256, bytes)))
            return;
        var (added, failure) = await StoreAsync(file, cancellationToken).ConfigureAwait(false);
        _operations += added;
        if (failure is not null)
        {
            LeaveOut(path, name, sha256, failure, isKnown);
            return;
        }

        if (added > 0)
            _imported++;
        else
            _skipped++;
        if (!isKnown)
        {
            journal.Add(new ImportRecord
            {
                File = name,
                Sha256 = sha256,
                ImportedAt = WireTime.Truncate(time.GetUtcNow()),
                Operations = added,
                ConversationId = file.ConversationId.ToString(),
                Owner = file.Owner.ToString(),
            });
        }

        RemoveOutgrown(path, file);
    }

    private byte[]? TryRead(string path, string name)
    {
        try
        {
            var bytes = RegularFile.TryRead(path, MaxFileBytes, out var problem);
            if (bytes is null)
                Damaged(name, problem!);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Damaged(name, "cannot be read: " + error.Message);
            return null;
        }
    }

    private void Keep(string sha256, byte[] bytes)
    {
        OwnerOnly.Folder(folder.Imported);
        AtomicFile.Replace(folder.ImportedCopy(sha256), bytes, disk);
    }

    /// <returns>False when there is no room, or no right: the file is left for the next import.</returns>
    private bool Write(string name, Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Unfinished(name, error);
            return false;
        }
    }

    private void Unfinished(string name, Exception error)
    {
        _unfinished = true;
        _damaged.Add(new DamagedFile(name, "not imported yet: " + error.Message));
    }

    private void LeaveOut(string path, string name, string sha256, ImportFailure failure, bool isKnown)
    {
        // A kept copy whose place a view has taken is all that is left of the file: while it may still be imported it stays, and what was imported does.
        if (!failure.IsPassing || (path != folder.ImportedCopy(sha256) && !isKnown))
            File.Delete(folder.ImportedCopy(sha256));
        _damaged.Add(new DamagedFile(name, failure.Why));
        _unfinished |= failure.IsPassing;
        if (failure.IsPassing || !IsInOwnFolder(path))
            return;

        // Erase wins, whatever the order of arrival: its text is not to stand in this folder.
        File.Delete(path);
        StoreTelemetry.ErasedFileRemoved(logger, name);
    }

    private bool IsInOwnFolder(string path) => Path.GetFullPath(Path.GetDirectoryName(path)!) == Path.GetFullPath(folder.Root);

    /// <summary>A file in the store's own folder whose conversation has another name now would stay there, also when that is erased.</summary>
    private void RemoveOutgrown(string path, ImportedFile file)
    {
        if (!IsInOwnFolder(path))
            return;
        string view;
        lock (state.Gate)
        {
            var number = state.Index.AllOfId(file.ConversationId.ToString())
                .First(held => state.Index.Conversations[held].Owner == file.Owner.ToString());
            view = ViewName.Of(file.ConversationId.ToString(), file.Owner.ToString(), state.Index.IsFirstOfName(number));
        }

        if (Path.GetFileName(path) != view)
            File.Delete(path);
    }

    private async Task<(int Added, ImportFailure? Failure)> StoreAsync(ImportedFile file, CancellationToken cancellationToken)
    {
        var added = 0;
        foreach (var part in file.Operations.Chunk(OperationsPerWrite))
        {
            var write = new PendingWrite(WriteKind.Import, file.Owner, file.ConversationId, [.. part.Select(static one => one.Draft)])
            {
                At = time.GetUtcNow(),
                Clocks = [.. part.Select(static one => one.Hlc)],
            };
            writer.Submit(write);
            switch (await write.Done.WaitAsync(cancellationToken).ConfigureAwait(false))
            {
                case WriteResult.Committed committed:
                    added += committed.Operations;
                    break;
                case WriteResult.Rejected { Why: Refusal.Exists }:
                    break;
                case WriteResult.Rejected { Why: Refusal.Erased }:
                    return (added, new ImportFailure("its conversation was erased", IsPassing: false));
                case WriteResult.NotCommitted refused:
                    return (added, new ImportFailure("not imported yet: " + refused.Failure.Reason, IsPassing: true));
                case var other:
                    throw new InvalidOperationException($"An import cannot give {other}.");
            }
        }

        return (added, null);
    }

    private void Damaged(string name, string why)
    {
        if (StateFiles.Has(name))
            return;
        _damaged.Add(new DamagedFile(name, why));
        if (ConversationId.TryParse(Path.GetFileNameWithoutExtension(name), out var id))
        {
            lock (state.Gate)
                state.Index.DamagedFiles.Add(id.ToString());
        }
    }
}

/// <summary>Why a file that can be read was not stored.</summary>
/// <param name="IsPassing">It may be stored later.</param>
internal sealed record ImportFailure(string Why, bool IsPassing);
