using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using ConversationHub.Contracts;
using Maestra.Backend.Files;

namespace Maestra.Backend.Metrics;

/// <summary>
/// <c>maestra_metrics.jsonl</c>: one line an ask, written behind a bounded queue, so that neither a slow nor a full disk ever delays
/// a reply; what does not fit is dropped and counted. Erasures go through the same queue, after the lines that came before them;
/// one that fails is tried again with the next line that can be written.
/// </summary>
internal sealed class MetricsFile : IAsyncDisposable
{
    public const long MaxFileBytes = 16 * 1024 * 1024;
    public const int MaxFiles = 4;
    private const int MaxQueued = 8192;
    private const int MaxOwed = 1000;
    private const int MaxBatchBytes = 256 * 1024;
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(2);

    private readonly RotatingFile _file;
    private readonly IDisposable _claim;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<Entry> _entries = Channel.CreateBounded<Entry>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly Task _work;
    private long _dropped;
    private readonly List<Predicate<LineOwner>> _owed = [];
    private bool _isFailing;

    private MetricsFile(RotatingFile file, IDisposable claim, TimeProvider time, ILogger logger)
    {
        (_file, _claim, _time, _logger) = (file, claim, time, logger);
        _work = Task.Run(WorkAsync);
    }

    /// <summary>Lines that could not be written since the start.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Opens the file.</summary>
    /// <param name="open">Null: from the disk.</param>
    /// <returns>Null, and why, when it cannot be written.</returns>
    public static MetricsFile? TryOpen(string path, TimeProvider time, ILogger logger, out string? refused, Func<string, FileStream>? open = null)
    {
        IDisposable? claim = null;
        try
        {
            claim = FileClaim.TryTake(path);
            refused = claim is null ? $"{path} is written by another process; stop it, or set MAESTRA_METRICS_FILE to another path or to off" : null;
            return claim is null ? null : new MetricsFile(RotatingFile.Open(path, MaxFileBytes, MaxFiles, open), claim, time, logger);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            claim?.Dispose();
            refused = $"{path} cannot be written: {e.Message} Set MAESTRA_METRICS_FILE to another path or to off.";
            return null;
        }
    }

    /// <summary>Queues the line of one ask. Never waits.</summary>
    public void Write(AskReport report)
    {
        if (!_entries.Writer.TryWrite(new Entry(report.ToLine(), null, null)))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Removes every line of a conversation, in all files. Idempotent.</summary>
    /// <param name="userPseudonym">Null in local mode, where one conversation has one id whoever asks.</param>
    /// <returns>Null once they are gone, or why they are not.</returns>
    public Task<string?> EraseConversationAsync(ConversationId conversation, string? userPseudonym) =>
        EraseAsync(line => line.Conversation == conversation.ToString() && (userPseudonym is null || line.User == userPseudonym));

    /// <summary>Removes every line of a user, in all files. Idempotent.</summary>
    /// <returns>Null once they are gone, or why they are not.</returns>
    public Task<string?> EraseUserAsync(string userPseudonym) => EraseAsync(line => line.User == userPseudonym);

    /// <summary>Writes what is left, for a bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        _entries.Writer.TryComplete();
        await _work.WaitAsync(FlushTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _file.Dispose();
        _claim.Dispose();
    }

    private async Task<string?> EraseAsync(Predicate<LineOwner> isErased)
    {
        var done = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _entries.Writer.WriteAsync(new Entry(null, isErased, done));
        }
        catch (ChannelClosedException)
        {
            return "the backend is stopping";
        }

        return await done.Task;
    }

    private async Task WorkAsync()
    {
        using var batch = new MemoryStream();
        while (await _entries.Reader.WaitToReadAsync())
        {
            var lines = 0;
            while (batch.Length < MaxBatchBytes && _entries.Reader.TryRead(out var entry))
            {
                if (entry.Line is { } line)
                {
                    batch.Write(line);
                    lines++;
                    continue;
                }

                // Lines that came before the erasure are to be found by it.
                Flush(batch, ref lines);
                entry.Done!.SetResult(Erase(entry.IsErased!));
            }

            Flush(batch, ref lines);
        }
    }

    private void Flush(MemoryStream batch, ref int lines)
    {
        if (lines == 0)
            return;
        try
        {
            _file.Append(batch.GetBuffer().AsSpan(0, (int)batch.Length), toDisk: false);
            if (_isFailing)
                _logger.MetricsFileWorksAgain(Dropped);
            _isFailing = false;
            PayOwed();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Interlocked.Add(ref _dropped, lines);
            if (!_isFailing)
                _logger.MetricsFileFailed(e.Message);
            _isFailing = true;
        }

        batch.SetLength(0);
        lines = 0;
    }

    /// <summary>What could not be erased when it was asked for is erased now that the file can be written.</summary>
    private void PayOwed()
    {
        if (_owed.Count == 0)
            return;
        var owed = _owed.ToArray();
        _owed.Clear();
        Erase(owner => owed.Any(isErased => isErased(owner)));
    }

    private string? Erase(Predicate<LineOwner> isErased)
    {
        try
        {
            _file.Release();
            foreach (var path in RotatingFile.Existing(_file.Path, MaxFiles))
                LineEraser.Erase(path, line => LineOwner.TryRead(line, out var owner) && isErased(owner));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.MetricsErasureFailed(e.Message);
            if (_owed.Count < MaxOwed)
                _owed.Add(isErased);
            return e.Message;
        }
    }

    private sealed record Entry(byte[]? Line, Predicate<LineOwner>? IsErased, TaskCompletionSource<string?>? Done);

    /// <summary>Whose line it is.</summary>
    private readonly record struct LineOwner(string? User, string? Conversation)
    {
        public static bool TryRead(string line, out LineOwner owner)
        {
            owner = default;
            try
            {
                using var parsed = JsonDocument.Parse(Encoding.UTF8.GetBytes(line));
                if (parsed.RootElement.ValueKind != JsonValueKind.Object)
                    return false;
                owner = new LineOwner(Text(parsed.RootElement, AskReport.UserField), Text(parsed.RootElement, AskReport.ConversationField));
                return true;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // Not written by us (the second is for half of a surrogate pair, which parses and cannot be read): it is nobody's.
                return false;
            }
        }

        private static string? Text(JsonElement root, string name) =>
            root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
