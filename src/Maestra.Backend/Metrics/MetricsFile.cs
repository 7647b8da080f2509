using System.Threading.Channels;
using Maestra.Backend.Files;

namespace Maestra.Backend.Metrics;

/// <summary>
/// <c>maestra_metrics.jsonl</c>: one line an ask, written behind a bounded queue, so that neither a slow nor a full disk ever delays
/// a reply; what does not fit is dropped and counted. Erasures go through the same queue, after the lines that came before them;
/// one that fails is tried again with the next line that can be written, and at the next start.
/// </summary>
internal sealed class MetricsFile : IAsyncDisposable
{
    public const long MaxFileBytes = 16 * 1024 * 1024;
    public const int MaxFiles = 4;
    private const int MaxQueued = 8192;
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
    private readonly OwedErasures _owed;
    private bool _isFailing;

    private MetricsFile(RotatingFile file, OwedErasures owed, IDisposable claim, TimeProvider time, ILogger logger)
    {
        (_file, _owed, _claim, _time, _logger) = (file, owed, claim, time, logger);
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
            return claim is null
                ? null
                : new MetricsFile(RotatingFile.Open(path, MaxFileBytes, MaxFiles, open), OwedErasures.Load(path + OwedErasures.Extension), claim, time, logger);
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

    /// <summary>Removes lines from all files. Idempotent.</summary>
    /// <returns>Null once they are gone, or why they are not: then they go later.</returns>
    public async Task<string?> EraseAsync(IReadOnlyCollection<ErasedLines> lines)
    {
        var done = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _entries.Writer.WriteAsync(new Entry(null, lines, done));
        }
        catch (ChannelClosedException)
        {
            return "the backend is stopping";
        }

        return await done.Task;
    }

    /// <summary>Writes what is left, for a bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        _entries.Writer.TryComplete();
        await _work.WaitAsync(FlushTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _file.Dispose();
        _claim.Dispose();
    }

    private async Task WorkAsync()
    {
        PayOwed();
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
                entry.Done!.SetResult(Erase(entry.Erased!));
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
        if (_owed.All.Count > 0 && Erase(_owed.All) is null)
            _owed.Clear();
    }

    private string? Erase(IReadOnlyCollection<ErasedLines> erased)
    {
        try
        {
            _file.Release();
            var cover = new LineCover(erased);
            foreach (var path in RotatingFile.Existing(_file.Path, MaxFiles))
                LineEraser.Erase(path, cover.Covers);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.MetricsErasureFailed(e.Message);
            _owed.Add(erased);
            return e.Message;
        }
    }

    private sealed record Entry(byte[]? Line, IReadOnlyCollection<ErasedLines>? Erased, TaskCompletionSource<string?>? Done);
}
