using ConversationHub.Contracts;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Log;
using ConversationHub.Store.Views;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Import;

/// <summary>
/// Decides when the store's own folder, or another, is looked at for files of the earlier backend: at start, when an id is asked for that is not known,
/// when a view is about to take a foreign file's place, and again later after a full disk (wire.md §10.3). A large store's folder is looked at
/// behind the start (<see cref="LookLater"/>). One import at a time. Thread-safe.
/// </summary>
internal sealed class FolderWatch(
    LogState state, LogFolder folder, Func<FolderImporter> importer, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Files known to be damaged, with what they looked like: one that has not changed is not read for each question.</summary>
    private const int MaxRemembered = 1024;

    /// <summary>Files that are imported in one turn while the store is in use: others wait for theirs in between.</summary>
    private const int FilesPerTurn = 64;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<string, (long Length, DateTime Modified)> _seen = [];
    private readonly HashSet<string> _waiting = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task<ImportReport?> _looking = Task.FromResult<ImportReport?>(null);
    private long _retrySince;
    private volatile bool _isBehind;

    /// <summary>False while a look at views that somebody may have changed is not at its end.</summary>
    public bool IsDone => !_isBehind;

    /// <summary>
    /// Looks at every file of the store's own folder on a thread of its own: in a large store that takes seconds, and a start would wait for them.
    /// Who asks for a conversation meanwhile has its file looked at first (<see cref="LookAsync"/>).
    /// </summary>
    /// <param name="looksAtViews">As in <see cref="RunAsync"/>.</param>
    /// <returns>Null when the store was closed, or the disk failed, before the end.</returns>
    public Task<ImportReport?> LookLater(bool looksAtViews)
    {
        _isBehind = looksAtViews;
        return _looking = Task.Run(() => LookOnOwnThreadAsync(looksAtViews), CancellationToken.None);
    }

    /// <summary>Ends a look that is under way; the next start makes it anew.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _looking.ConfigureAwait(false);
    }

    /// <summary>Looks at every file of a folder.</summary>
    /// <param name="looksAtViews">The store was not closed with every file written, so that a foreign one may stand in a view's place.</param>
    public async Task<ImportReport> RunAsync(string source, bool looksAtViews, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var report = await importer().RunAsync(source, looksAtViews, cancellationToken).ConfigureAwait(false);
            if (report.IsUnfinished && Path.GetFullPath(source) == Path.GetFullPath(folder.Root))
                RetryLater();
            return report;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Looks whether there is a file for an id that is not known, or whose file could not be read before.</summary>
    /// <returns>True when the store may know more now.</returns>
    public async Task<bool> LookAsync(ConversationId id, CancellationToken cancellationToken)
    {
        var name = id + ViewName.Extension;
        var file = new FileInfo(folder.View(name));
        if (!file.Exists || file.FullName == folder.Imports)
            return Forget(id);
        if (IsWritten(id, name))
            return false;
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var looks = (file.Length, file.LastWriteTimeUtc);
            if (_seen.TryGetValue(name, out var before) && before == looks && IsDamaged(id))
                return false;
            Forget(id);
            var report = await importer().RunFilesAsync([file.FullName], cancellationToken).ConfigureAwait(false);
            if (report.IsUnfinished)
                RetryLater();
            else if (report.Damaged.Count > 0 && (_seen.Count < MaxRemembered || _seen.ContainsKey(name)))
                _seen[name] = looks;
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A foreign file whose bytes are kept, since a view takes its place: what it holds is imported soon.</summary>
    public void Kept(string copy)
    {
        lock (_waiting)
            _waiting.Add(copy);
    }

    /// <summary>Does what was put off, if its time has come.</summary>
    public async Task RunWhenDueAsync(CancellationToken cancellationToken)
    {
        List<string> kept;
        lock (_waiting)
        {
            kept = [.. _waiting];
            _waiting.Clear();
        }

        var since = Interlocked.Read(ref _retrySince);
        var isDue = since != 0 && time.GetElapsedTime(since) >= RetryAfter;
        if (kept.Count == 0 && !isDue)
            return;
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var copy in kept.Where(File.Exists))
            {
                // Its bytes are safe; should this fail, the next start finds them.
                if ((await importer().RunFilesAsync([copy], cancellationToken).ConfigureAwait(false)).IsUnfinished)
                    Kept(copy);
            }

            if (!isDue)
                return;
            Interlocked.Exchange(ref _retrySince, 0);
            if ((await importer().RunAsync(folder.Root, looksAtViews: true, cancellationToken).ConfigureAwait(false)).IsUnfinished)
                RetryLater();
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _turn.Dispose();
        _stopping.Dispose();
    }

    private async Task<ImportReport?> LookOnOwnThreadAsync(bool looksAtViews)
    {
        using var thread = new HousekeepingThread("store-import");
        try
        {
            IReadOnlyList<string> found = [];
            await thread.RunAsync(() => found = importer().Find(folder.Root, looksAtViews, _stopping.Token)).ConfigureAwait(false);
            var report = ImportReport.None;
            foreach (var part in found.Chunk(FilesPerTurn))
                report = report.With(await InTurnAsync(thread, one => one.RunFilesAsync(part.Where(IsStillForeign), _stopping.Token)).ConfigureAwait(false));
            report = report.With(await InTurnAsync(thread, one => one.RunKeptAsync(_stopping.Token)).ConfigureAwait(false));
            if (report.IsUnfinished)
                RetryLater();
            _isBehind = false;
            return report;
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is being closed.
            return null;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // The disk, or a mistake of ours: neither ends anything else.
            StoreTelemetry.HousekeepingFailed(logger, error);
            RetryLater();
            return null;
        }
    }

    private async Task<ImportReport> InTurnAsync(HousekeepingThread thread, Func<FolderImporter, Task<ImportReport>> import)
    {
        await _turn.WaitAsync(_stopping.Token).ConfigureAwait(false);
        try
        {
            ImportReport? report = null;
            await thread.RunAsync(() => report = import(importer()).GetAwaiter().GetResult()).ConfigureAwait(false);
            return report!;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A view may have taken the place of a foreign file since that was found; its bytes are kept then, and imported from there.</summary>
    private bool IsStillForeign(string path) => File.Exists(path) && !(ConversationId.TryParse(Path.GetFileNameWithoutExtension(path), out var id)
        && IsWritten(id, Path.GetFileName(path)) && ForeignFile.IsOwn(path));

    private void RetryLater()
    {
        StoreTelemetry.ImportPutOff(logger);
        Interlocked.Exchange(ref _retrySince, Math.Max(1, time.GetTimestamp()));
    }

    /// <summary>True when the file is the view of a conversation.</summary>
    private bool IsWritten(ConversationId id, string name)
    {
        lock (state.Gate)
        {
            return state.Index.AllOfId(id.ToString())
                .Any(number => ViewName.Of(id.ToString(), state.Index.Conversations[number].Owner, state.Index.IsFirstOfName(number)) == name);
        }
    }

    private bool IsDamaged(ConversationId id)
    {
        lock (state.Gate)
            return state.Index.DamagedFiles.Contains(id.ToString());
    }

    private bool Forget(ConversationId id)
    {
        lock (state.Gate)
            return state.Index.DamagedFiles.Remove(id.ToString());
    }
}
