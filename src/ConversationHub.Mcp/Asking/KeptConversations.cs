using System.Collections.Concurrent;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Settings;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Asking;

/// <summary>
/// The conversations that the local backend has told to be kept on this machine, so that none of their questions goes to the cloud
/// while it is down (docs/decisions/0034). Every hub of this home tells the others, and so does the backend: a <see cref="LocalOnlyMark"/> for each.
/// Without a home they are known only while the process lives. Thread-safe.
/// </summary>
internal sealed class KeptConversations(HubSettings settings, TimeProvider time, ILogger<KeptConversations> logger)
{
    /// <summary>Of conversations that were said to be open so many are remembered; those that are kept are as many as their owner marks.</summary>
    private const int MaxOpen = 10_000;

    /// <summary>How long a question waits for a look at the disk before it is asked: a home folder may be on a share that hangs.</summary>
    internal static readonly TimeSpan DiskLimit = TimeSpan.FromMilliseconds(250);

    /// <summary>More than are asked at once: so many looks, and so many changes, wait for a disk that hangs, and what comes then is not known to it.</summary>
    internal const int MaxWaiting = 1_024;

    private readonly string? _folder = settings.Routing.PortFile is { } portFile ? Path.Combine(Path.GetDirectoryName(portFile)!, LocalOnlyMark.FolderName) : null;

    /// <summary>What this process was told itself, which counts where the disk takes nothing: true for those that are kept.</summary>
    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    // Of the conversations whose mark is being changed on the disk, the change.
    private readonly Dictionary<string, Task> _changes = new(StringComparer.Ordinal);

    // Those whose mark the disk did not take.
    private readonly ConcurrentDictionary<string, bool> _unsaved = new(StringComparer.Ordinal);

    /// <summary>Asks the disk, null when it does not tell; a test lets it hang.</summary>
    internal Func<string, bool?> Exists { get; init; } = LocalOnlyMark.IsThere;

    /// <summary>Puts a mark into the folder; a test lets it hang.</summary>
    internal Action<string, string> WriteMark { get; init; } = static (folder, conversation) => LocalOnlyMark.Write(folder, conversation, LocalOnlyMark.Hubs);

    private Task<bool?> _looking = Task.FromResult<bool?>(false);
    private int _looks;
    private int _saves;

    /// <summary>Whether this process was told that it is kept. Asks no disk.</summary>
    internal bool IsToldKept(string conversation) => _told.TryGetValue(conversation, out var isKept) && isKept;

    /// <summary>Whether the latest word to this process was that it is not kept. Asks no disk.</summary>
    internal bool IsToldOpen(string conversation) => _told.TryGetValue(conversation, out var isKept) && !isKept;

    /// <summary>Looks whether it is kept. May take as long as the disk does, so that nobody waits for it longer than <see cref="DiskLimit"/>.</summary>
    /// <returns>Null when the disk does not tell: it may be kept.</returns>
    internal async Task<bool?> LookAsync(string conversation)
    {
        if (IsToldKept(conversation))
            return true;
        if (_folder is null)
            return false;
        try
        {
            if (Interlocked.Increment(ref _looks) > MaxWaiting)
                return null;
            await ChangeOf(conversation);
            var isKept = await AskDisk(PathOf(conversation));
            if (isKept == true)
                _told[conversation] = true;
            return isKept;
        }
        finally
        {
            Interlocked.Decrement(ref _looks);
        }
    }

    /// <summary>Takes in what the local backend said with its latest answer. Nobody waits for the disk.</summary>
    /// <param name="wasKept">What <see cref="LookAsync"/> said before the question was sent; null when it had not yet.</param>
    internal void Learn(string conversation, bool? wasKept, bool isKept)
    {
        if (isKept || _told.ContainsKey(conversation) || _told.Count < MaxOpen)
            _told[conversation] = isKept;
        if (_folder is null || (wasKept == isKept && !_unsaved.ContainsKey(conversation)))
            return;
        lock (_gate)
        {
            if (Saving.IsCompleted)
                _changes.Clear();
            if (Volatile.Read(ref _saves) >= MaxWaiting)
            {
                if (isKept)
                    NotSaved(conversation, "the disk does not answer");
                return;
            }

            Interlocked.Increment(ref _saves);
            _changes[conversation] = Saving = SaveAsync(Saving, conversation, isKept);
        }
    }

    /// <summary>Of the last change; for who must know when it is on the disk.</summary>
    internal Task Saving { get; private set; } = Task.CompletedTask;

    /// <summary>Before the process ends: what it was told is not to be lost because a disk is slow, nor is the end to wait for one that hangs.</summary>
    internal async Task SettleAsync(TimeSpan limit)
    {
        try
        {
            await Saving.WaitAsync(limit, time);
        }
        catch (TimeoutException)
        {
            McpTelemetry.MarkNotSaved(logger, _folder!, $"the disk took longer than {limit.TotalMilliseconds:0} ms at the end of the process");
        }
    }

    private Task ChangeOf(string conversation)
    {
        lock (_gate)
            return _changes.GetValueOrDefault(conversation, Task.CompletedTask);
    }

    /// <summary>
    /// One look at a time, in turns: a share that hangs takes one thread, and those behind it go without when their time is over. In the
    /// queue of all threads (<see cref="TaskCreationOptions.PreferFairness"/>): in the one of a busy thread the end of that time would overtake it.
    /// </summary>
    private Task<bool?> AskDisk(string path)
    {
        lock (_gate)
        {
            return _looking = _looking.IsCompleted
                ? Task.Factory.StartNew(() => Exists(path), CancellationToken.None, TaskCreationOptions.PreferFairness, TaskScheduler.Default)
                : AskDiskAfterAsync(_looking, path);
        }
    }

    private async Task<bool?> AskDiskAfterAsync(Task before, string path)
    {
        // Never on the caller's thread, also when the look before has ended at this moment: it would hold the lock while a disk hangs.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return Exists(path);
    }

    private async Task SaveAsync(Task before, string conversation, bool isKept)
    {
        try
        {
            await before;
            await Task.Run(() => Save(conversation, isKept));
        }
        finally
        {
            Interlocked.Decrement(ref _saves);
        }
    }

    private void Save(string conversation, bool isKept)
    {
        try
        {
            if (!isKept)
            {
                _unsaved.TryRemove(conversation, out _);
                LocalOnlyMark.Remove(_folder!, conversation, LocalOnlyMark.Hubs);
                return;
            }

            WriteMark(_folder!, conversation);
            _unsaved.TryRemove(conversation, out _);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // A read-only home, or a full disk: it is known while this process lives. A mark that stays keeps too much here, never too little.
            if (isKept)
                NotSaved(conversation, refused.Message);
        }
    }

    /// <summary>Each answer tries again.</summary>
    private void NotSaved(string conversation, string why)
    {
        if (_unsaved.TryAdd(conversation, true))
            McpTelemetry.MarkNotSaved(logger, _folder!, why);
    }

    private string PathOf(string conversation) => Path.Combine(_folder!, LocalOnlyMark.FileNameOf(conversation));
}
