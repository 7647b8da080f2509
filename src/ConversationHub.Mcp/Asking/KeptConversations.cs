using System.Collections.Concurrent;
using ConversationHub.Mcp.Settings;

namespace ConversationHub.Mcp.Asking;

/// <summary>
/// The conversations that the local backend has told to be kept on this machine, so that none of their questions goes to the cloud
/// while it is down (docs/decisions/0034). Remembered in <c>~/.maestra/local-only</c>, an id a line; without a home only while the process lives. Thread-safe.
/// </summary>
internal sealed class KeptConversations(HubSettings settings, TimeProvider time)
{
    internal const string FileName = "local-only";
    internal const int MaxIds = 10_000;

    /// <summary>How long a question waits for the file: a home folder may be on a share that hangs.</summary>
    private static readonly TimeSpan LoadLimit = TimeSpan.FromMilliseconds(250);

    private readonly string? _path = settings.Routing.PortFile is { } portFile ? Path.Combine(Path.GetDirectoryName(portFile)!, FileName) : null;
    private readonly ConcurrentDictionary<string, bool> _isKept = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Task? _loading;

    internal async ValueTask<bool> HasAsync(string conversation, CancellationToken cancellationToken)
    {
        try
        {
            await Loading().WaitAsync(LoadLimit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // What this process was told itself counts all the same.
        }

        return _isKept.TryGetValue(conversation, out var isKept) && isKept;
    }

    /// <summary>Takes in what the local backend said with its latest answer. Nobody waits for the file.</summary>
    internal void Learn(string conversation, bool isKept)
    {
        var wasKept = _isKept.TryGetValue(conversation, out var before) && before;
        if (wasKept == isKept || (isKept && _isKept.Count >= MaxIds))
            return;
        _isKept[conversation] = isKept;
        if (_path is not { } path)
            return;
        lock (_gate)
            Saving = SaveAsync(Saving, path);
    }

    /// <summary>Of the last change; for who must know when it is on the disk.</summary>
    internal Task Saving { get; private set; } = Task.CompletedTask;

    private Task Loading()
    {
        if (_path is null)
            return Task.CompletedTask;
        lock (_gate)
            return _loading ??= Task.Run(Load, CancellationToken.None);
    }

    private void Load()
    {
        try
        {
            if (!File.Exists(_path))
                return;
            foreach (var line in File.ReadLines(_path).Take(MaxIds))
            {
                if (line.Length > 0)
                    _isKept.TryAdd(line, true);
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // As without a file: the backend tells again with its next answer.
        }
    }

    private async Task SaveAsync(Task before, string path)
    {
        // What is not loaded yet would be lost.
        await Task.WhenAll(before, Loading());
        await Task.Run(() => Save(path));
    }

    private void Save(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var temporary = $"{path}.{Environment.ProcessId}.tmp";
            File.WriteAllLines(temporary, _isKept.Where(static each => each.Value).Select(static each => each.Key).Order(StringComparer.Ordinal));
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // A read-only home: it is known while this process lives.
        }
    }
}
