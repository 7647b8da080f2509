using ConversationHub.Contracts;
using ConversationHub.Store.Log;
using ConversationHub.Store.Views;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Import;

/// <summary>
/// Decides when the store's own folder, or another, is looked at for files of the earlier backend: at start, when an id is asked for that is not known,
/// when a view is about to take a foreign file's place, and again later after a full disk (wire.md §10.3). One import at a time. Thread-safe.
/// </summary>
internal sealed class FolderWatch(
    LogState state, LogFolder folder, Func<FolderImporter> importer, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Files known to be damaged, with what they looked like: one that has not changed is not read for each question.</summary>
    private const int MaxRemembered = 1024;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<string, (long Length, DateTime Modified)> _seen = [];
    private readonly HashSet<string> _waiting = [];
    private long _retrySince;

    /// <summary>Looks at every file of a folder.</summary>
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
            var report = await importer().RunFileAsync(file.FullName, cancellationToken).ConfigureAwait(false);
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
                if ((await importer().RunFileAsync(copy, cancellationToken).ConfigureAwait(false)).IsUnfinished)
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

    public void Dispose() => _turn.Dispose();

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
