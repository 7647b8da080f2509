using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Housekeeping;
using ConversationHub.Store.Log;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Views;

/// <summary>
/// Writes <c>{conversation_id}.json</c> and <c>index.json</c> behind the log, for people and scripts (wire.md §10.2).
/// A conversation that changed many times since the last round is written once. Nothing in the store reads these files. Thread-safe.
/// </summary>
internal sealed class ViewWriter(
    LogState state, ViewBuilder views, ForeignFile foreign, WrittenViews written, LogFolder folder, IDisk disk, TimeProvider time, ILogger logger,
    IProgress<StoreProgress>? progress = null) : IDisposable
{
    /// <summary>Files written in one round, so that a burst over many conversations leaves the disk to the log.</summary>
    public const int MaxFilesPerRound = 256;

    /// <summary>
    /// While the log takes more than <see cref="BusyOperations"/> a round, so many: what is asked of it then is answers, and each file costs
    /// a sync of its own on the disk that they wait for. A thousand operations a second are no person's typing.
    /// </summary>
    public const int MaxFilesPerBusyRound = 12;

    public const int BusyOperations = 400;

    /// <summary>
    /// A file is made of all messages of its conversation: while the log is busy no further one is begun once a round has read so many,
    /// or long conversations would take the processor from the answers.
    /// </summary>
    public const int MaxMessagesPerBusyRound = 1_000;

    /// <summary>A file that takes long to write is written that much less often than it takes.</summary>
    private const int RestFactor = 20;

    /// <summary>
    /// The same of the index while the log is busy, however short it takes: it is made of the first message of every conversation, so that while new
    /// ones keep coming it would soon be most of what the files cost.
    /// </summary>
    private const int BusyIndexRestFactor = 60;

    /// <summary>A file that failed twice is tried again after this.</summary>
    private static readonly TimeSpan FailedRest = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ShortWrite = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly HousekeepingThread _thread = new("store-views");
    private readonly Dictionary<int, (long Since, TimeSpan For)> _resting = [];
    private readonly HashSet<int> _failed = [];
    private (long At, TimeSpan Took)? _indexWritten;
    private bool _indexIsBehind;
    private bool _isBusy;
    private bool _isCleared;
    private int _operations = state.Index.Operations.Count;

    /// <summary>Writes what is behind, or a part of it.</summary>
    /// <returns>False when a file could not be written.</returns>
    public async Task<bool> WriteAsync(ViewRound round, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await _thread.RunAsync(() => WriteRound(round)).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The log holds everything; the files are written again in the next round.
            StoreTelemetry.ViewsBehind(logger, error.Message);
            return false;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Keeps the file of a conversation, to be imported, when somebody changed it since it was written.</summary>
    /// <returns>True when it was changed, or when that cannot be told: what nobody has touched may still be in it.</returns>
    public async Task<bool> KeepChangedAsync(UserId owner, ConversationId id, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var isChanged = false;
            await _thread.RunAsync(() => isChanged = NameOf(owner, id) is { } name && foreign.Keep(name)).ConfigureAwait(false);
            return isChanged;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            StoreTelemetry.ViewsBehind(logger, error.Message);
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>True when nothing is behind.</summary>
    public bool IsDone
    {
        get
        {
            lock (state.Gate)
                return state.DirtyViews.Count == 0 && !_indexIsBehind;
        }
    }

    public void Dispose()
    {
        _thread.Dispose();
        written.Dispose();
        _turn.Dispose();
    }

    /// <returns>Null when there is no such conversation.</returns>
    private string? NameOf(UserId owner, ConversationId id)
    {
        lock (state.Gate)
        {
            foreach (var number in state.Index.AllOfId(id.ToString()))
            {
                if (state.Index.Conversations[number].Owner == owner.ToString())
                    return ViewName.Of(id.ToString(), owner.ToString(), state.Index.IsFirstOfName(number));
            }

            return null;
        }
    }

    private void WriteRound(ViewRound round)
    {
        if (!_isCleared)
            Clear();
        var taken = Take(round);
        Exception? failure = null;
        var done = 0;
        foreach (var number in taken)
        {
            if (round == ViewRound.All)
                progress?.Report(new StoreProgress("writing files", done, taken.Count, "files"));
            var started = time.GetTimestamp();
            try
            {
                Write(number);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // One that cannot be written, a folder standing in its place perhaps, does not keep the others from it.
                failure = error;
                PutOff(number);
                continue;
            }

            done++;
            _failed.Remove(number);
            var took = time.GetElapsedTime(started);
            if (took > ShortWrite)
                _resting[number] = (time.GetTimestamp(), took * RestFactor);
        }

        if (round == ViewRound.All)
            progress?.Report(new StoreProgress("writing files", done, taken.Count, "files"));
        _indexIsBehind |= done > 0;
        if (_indexIsBehind && IsIndexDue(round))
            WriteIndex();
        if (done > 0)
            disk.FlushFolder(folder.Root);
        if (failure is not null)
            throw new IOException(failure.Message, failure);
    }

    /// <summary>What a crash left half written may hold text that was erased since. Here nothing of it is being written.</summary>
    private void Clear()
    {
        _isCleared = true;
        try
        {
            foreach (var path in folder.ListTemporaryViews())
                File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Tried again at the next start; the files of conversations do not wait for it.
            StoreTelemetry.ViewsBehind(logger, error.Message);
        }
    }

    private void PutOff(int number)
    {
        lock (state.Gate)
            state.DirtyViews.Add(number);
        if (!_failed.Add(number))
            _resting[number] = (time.GetTimestamp(), FailedRest);
    }

    private bool IsIndexDue(ViewRound round)
    {
        if (round != ViewRound.Closing)
            return round != ViewRound.Usual || IsIndexRested();
        lock (state.Gate)
            return state.DirtyViews.Count == 0;
    }

    private bool IsIndexRested()
    {
        if (_indexWritten is not { } last)
            return true;
        var rest = _isBusy ? last.Took * BusyIndexRestFactor : last.Took > ShortWrite ? last.Took * RestFactor : TimeSpan.Zero;
        return time.GetElapsedTime(last.At) >= rest;
    }

    private List<int> Take(ViewRound round)
    {
        lock (state.Gate)
        {
            var (mostFiles, mostMessages) = Most_NeedsLock(round);
            var messages = 0;
            var taken = state.DirtyViews.Take(
                mostFiles,
                number => round switch
                {
                    ViewRound.Erased => !state.Index.Conversations[number].IsShown,
                    ViewRound.Usual => !_resting.TryGetValue(number, out var rest) || IsRested(rest),
                    _ => true,
                },
                number => (messages += state.Index.Conversations[number].Messages.Count) >= mostMessages);
            foreach (var number in taken)
                _resting.Remove(number);
            return taken;
        }
    }

    private (int Files, int Messages) Most_NeedsLock(ViewRound round)
    {
        if (round is not (ViewRound.Usual or ViewRound.Closing))
            return (int.MaxValue, int.MaxValue);
        if (round == ViewRound.Closing)
            return (MaxFilesPerRound, int.MaxValue);
        var added = state.Index.Operations.Count - _operations;
        _operations += added;
        _isBusy = added > BusyOperations;
        return _isBusy ? (MaxFilesPerBusyRound, MaxMessagesPerBusyRound) : (MaxFilesPerRound, int.MaxValue);
    }

    private bool IsRested((long Since, TimeSpan For) rest) => time.GetElapsedTime(rest.Since) >= rest.For;

    private void Write(int number)
    {
        switch (views.Conversation(number))
        {
            case ViewContent.Bytes(var name, var bytes):
                ReplaceIfDifferent(name, bytes);
                break;
            case ViewContent.None(var name):
                File.Delete(folder.View(name));
                break;
            default:
                // Damaged, which reading has reported: the file that is there is the better copy.
                break;
        }
    }

    /// <summary>After a crash every file is looked at, and nearly all are as they should be.</summary>
    private void ReplaceIfDifferent(string name, byte[] bytes)
    {
        var path = folder.View(name);
        if (File.Exists(path) && new FileInfo(path).Length == bytes.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
        {
            written.Note(name, bytes);
            return;
        }

        foreign.Keep(name);
        AtomicFile.ReplaceLater(path, bytes, disk);
        written.Note(name, bytes);
    }

    private void WriteIndex()
    {
        var started = time.GetTimestamp();
        AtomicFile.ReplaceLater(folder.IndexView, views.WriteIndex, disk);
        _indexIsBehind = false;
        _indexWritten = (time.GetTimestamp(), time.GetElapsedTime(started));
    }
}

/// <summary>Which files a round writes.</summary>
internal enum ViewRound
{
    /// <summary>A bounded number, and none that was costly a moment ago.</summary>
    Usual,

    /// <summary>Those of erased conversations, which are deleted, and the index without them.</summary>
    Erased,

    /// <summary>A bounded number, whatever they cost, and the index with the last of them.</summary>
    Closing,

    /// <summary>Everything that is behind.</summary>
    All,
}
