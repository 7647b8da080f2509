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
    LogState state, CommitLoop writer, LogFolder folder, IDisk disk, UserId defaultOwner, TimeProvider time, ILogger logger)
{
    /// <summary>Operations that become durable together.</summary>
    private const int OperationsPerWrite = 500;

    /// <summary>A file of the earlier backend is text; anything longer is none.</summary>
    private const long MaxFileBytes = 256L << 20;

    private readonly List<DamagedFile> _damaged = [];
    private int _imported;
    private int _skipped;
    private int _operations;

    /// <param name="source">The folder to look at; of the store's own, files it wrote itself are passed over.</param>
    public async Task<ImportReport> RunAsync(string source, CancellationToken cancellationToken)
    {
        var journal = ImportJournal.Read(folder, disk);
        var before = journal.Records.Count;
        foreach (var path in Candidates(source))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await ImportAsync(path, journal, cancellationToken).ConfigureAwait(false);
        }

        if (journal.Records.Count > before)
            journal.Save();
        foreach (var file in _damaged)
            StoreTelemetry.ImportDamaged(logger, file.File, file.Why);
        if (_imported + _damaged.Count > 0)
            StoreTelemetry.Imported(logger, _imported, _skipped, _damaged.Count, _operations);
        return new ImportReport(_imported, _skipped, _damaged, _operations);
    }

    private IEnumerable<string> Candidates(string source)
    {
        var ours = Path.GetFullPath(source) == Path.GetFullPath(folder.Root) ? OwnFiles() : [];
        ours.Add("index.json");
        ours.Add("imports.json");
        return Directory.EnumerateFiles(source, "*" + ViewName.Extension)
            .Where(path => !ours.Contains(Path.GetFileName(path)))
            .Order(StringComparer.Ordinal);
    }

    private HashSet<string> OwnFiles()
    {
        lock (state.Gate)
        {
            return Enumerable.Range(0, state.Index.Conversations.Count)
                .Select(number => ViewName.Of(
                    state.Index.Conversations[number].Id, state.Index.Conversations[number].Owner, state.Index.IsFirstOfName(number)))
                .ToHashSet(StringComparer.Ordinal);
        }
    }

    private async Task ImportAsync(string path, ImportJournal journal, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(path);
        if (new FileInfo(path).Length > MaxFileBytes)
        {
            Damaged(name, $"longer than {MaxFileBytes} bytes");
            return;
        }

        var bytes = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (journal.Knows(sha256))
        {
            _skipped++;
            return;
        }

        if (ImportReader.TryRead(bytes, defaultOwner, time.GetUtcNow(), out var problem) is not { } file)
        {
            Damaged(name, problem!);
            return;
        }

        OwnerOnly.Folder(folder.Imported);
        AtomicFile.Replace(folder.ImportedCopy(sha256), bytes, disk);
        var (added, failure) = await StoreAsync(file, cancellationToken).ConfigureAwait(false);
        if (failure is not null)
        {
            _damaged.Add(new DamagedFile(name, failure));
            File.Delete(folder.ImportedCopy(sha256));
            return;
        }

        if (added > 0)
            _imported++;
        else
            _skipped++;
        _operations += added;
        journal.Add(new ImportRecord
        {
            File = name,
            Sha256 = sha256,
            ImportedAt = WireTime.Truncate(time.GetUtcNow()),
            Operations = added,
            ConversationId = file.ConversationId.ToString(),
            Owner = file.Owner.ToString(),
        });
        RemoveOutgrown(path, file);
    }

    /// <summary>A file in the store's own folder whose conversation has another name now would stay there, also when that is erased.</summary>
    private void RemoveOutgrown(string path, ImportedFile file)
    {
        if (Path.GetFullPath(Path.GetDirectoryName(path)!) == Path.GetFullPath(folder.Root)
            && Path.GetFileName(path) != file.ConversationId + ViewName.Extension)
        {
            File.Delete(path);
        }
    }

    private async Task<(int Added, string? Failure)> StoreAsync(ImportedFile file, CancellationToken cancellationToken)
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
                    return (0, "its conversation was erased");
                case WriteResult.NotCommitted refused:
                    return (0, refused.Failure.Reason);
                default:
                    return (0, "it was refused");
            }
        }

        return (added, null);
    }

    private void Damaged(string name, string why)
    {
        _damaged.Add(new DamagedFile(name, why));
        if (ConversationId.TryParse(Path.GetFileNameWithoutExtension(name), out var id))
        {
            lock (state.Gate)
                state.Index.DamagedFiles.Add(id.ToString());
        }
    }
}
