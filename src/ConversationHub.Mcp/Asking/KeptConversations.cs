using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Mcp.Settings;

namespace ConversationHub.Mcp.Asking;

/// <summary>
/// The conversations that the local backend has told to be kept on this machine, so that none of their questions goes to the cloud
/// while it is down (docs/decisions/0034). Every hub of this home tells the others: an empty file for each in <c>~/.maestra/local-only.d</c>,
/// named by the SHA-256 of its id. Without a home they are known only while the process lives. Thread-safe.
/// </summary>
internal sealed class KeptConversations(HubSettings settings, TimeProvider time)
{
    internal const string FolderName = "local-only.d";
    internal const int MaxIds = 10_000;

    /// <summary>How long a question waits for the disk: a home folder may be on a share that hangs.</summary>
    private static readonly TimeSpan DiskLimit = TimeSpan.FromMilliseconds(250);

    private readonly string? _folder = settings.Routing.PortFile is { } portFile ? Path.Combine(Path.GetDirectoryName(portFile)!, FolderName) : null;

    /// <summary>What this process was told itself, which counts where the disk takes nothing. The values say nothing.</summary>
    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>Asks the disk; a test lets it hang.</summary>
    internal Func<string, bool> Exists { get; init; } = File.Exists;

    private Task<bool> _looking = Task.FromResult(false);

    /// <returns>Null when the disk did not tell in time: it may be kept, and its questions are for the local backend alone until that is known.</returns>
    internal async ValueTask<bool?> HasAsync(string conversation, CancellationToken cancellationToken)
    {
        if (_told.ContainsKey(conversation))
            return true;
        if (_folder is null)
            return false;
        try
        {
            var isKept = await Look(PathOf(conversation)).WaitAsync(DiskLimit, time, cancellationToken);
            if (isKept && _told.Count < MaxIds)
                _told[conversation] = true;
            return isKept;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Takes in what the local backend said with its latest answer. Nobody waits for the disk.</summary>
    /// <param name="wasKept">What <see cref="HasAsync"/> said before the question was sent.</param>
    internal void Learn(string conversation, bool? wasKept, bool isKept)
    {
        if (wasKept == isKept)
            return;
        if (!isKept)
            _told.TryRemove(conversation, out _);
        else if (_told.Count < MaxIds)
            _told[conversation] = true;
        if (_folder is null)
            return;
        lock (_gate)
            Saving = SaveAsync(Saving, PathOf(conversation), isKept);
    }

    /// <summary>Of the last change; for who must know when it is on the disk.</summary>
    internal Task Saving { get; private set; } = Task.CompletedTask;

    /// <summary>One look at a time, in turns: a share that hangs takes one thread, and those behind it go without when their time is over.</summary>
    private Task<bool> Look(string path)
    {
        lock (_gate)
        {
            var saving = Saving;
            if (!_looking.IsCompleted)
                return LookAfterAsync(_looking, path);
            return _looking = Task.Run(
                async () =>
                {
                    await saving;
                    return Exists(path);
                },
                CancellationToken.None);
        }
    }

    private async Task<bool> LookAfterAsync(Task before, string path)
    {
        await before;
        return Exists(path);
    }

    private static async Task SaveAsync(Task before, string path, bool isKept)
    {
        await before;
        await Task.Run(() => Save(path, isKept));
    }

    private static void Save(string path, bool isKept)
    {
        try
        {
            if (!isKept)
            {
                File.Delete(path);
                return;
            }

            var folder = OwnersFolder(Path.GetDirectoryName(path)!);
            if (!File.Exists(path) && Directory.EnumerateFiles(folder).Take(MaxIds).Count() < MaxIds)
                MakeOwnersFile(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // A read-only home: it is known while this process lives.
        }
    }

    private static string OwnersFolder(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path).FullName
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    private static void MakeOwnersFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Flush(flushToDisk: true);
    }

    private string PathOf(string conversation) =>
        Path.Combine(_folder!, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(conversation))));
}
