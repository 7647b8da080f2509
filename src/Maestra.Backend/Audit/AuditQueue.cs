using System.Threading.Channels;
using Maestra.Backend.Metrics;

namespace Maestra.Backend.Audit;

/// <summary>
/// The bounded queue before one sink, and the worker that empties it: three tries of five seconds a delivery, then the records are
/// dropped and counted (wire.md §11). Offering never waits, so that a dead sink delays nothing and no other sink.
/// </summary>
internal sealed class AuditQueue : IAsyncDisposable
{
    public const int MaxRecords = 1024;
    public const int MaxTries = 3;
    public static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan PauseBetweenTries = TimeSpan.FromSeconds(1);

    /// <summary>After a drop the sink counts as dropping for this long.</summary>
    public static readonly TimeSpan DroppingFor = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(2);

    private readonly IAuditSink _sink;
    private readonly int _maxBatch;
    private readonly BackendMeter _meter;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<AuditRecord> _records = Channel.CreateBounded<AuditRecord>(
        new BoundedChannelOptions(MaxRecords) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly CancellationTokenSource _hurry = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private long _dropped;
    private long _droppedAt;

    /// <param name="maxBatch">How many records one delivery may hold.</param>
    public AuditQueue(IAuditSink sink, int maxBatch, BackendMeter meter, TimeProvider time, ILogger logger)
    {
        (_sink, _maxBatch, _meter, _time, _logger) = (sink, maxBatch, meter, time, logger);
        _meter.AuditDropped(sink.Name, 0);
        _work = Task.Run(WorkAsync);
    }

    public string Name => _sink.Name;

    /// <summary>What it has lost and the chain does not say yet.</summary>
    public AuditGaps Gaps { get; } = new();

    /// <summary>Called by the worker when records arrive again and there are gaps to tell.</summary>
    public Action? WorksAgain { get; set; }

    /// <summary>Records dropped since the start.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Whether it lost a record lately.</summary>
    public bool IsDropping => Dropped > 0 && _time.GetElapsedTime(Interlocked.Read(ref _droppedAt)) < DroppingFor;

    /// <summary>Takes the record, or drops it when the queue is full.</summary>
    public void Offer(AuditRecord record)
    {
        if (!_records.Writer.TryWrite(record))
            Drop([record], "its queue is full");
    }

    /// <summary>Delivers what is left, for a bounded time; what then remains is dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        _records.Writer.TryComplete();
        await _hurry.CancelAsync();
        await _work.WaitAsync(FlushTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync();

        // A sink that heeds no cancellation, such as a pipe nobody reads, is left behind.
        await _work.WaitAsync(FlushTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_work.IsCompleted && _sink is IDisposable disposable)
            disposable.Dispose();
    }

    private async Task WorkAsync()
    {
        var batch = new List<AuditRecord>(_maxBatch);
        while (await _records.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < _maxBatch && _records.Reader.TryRead(out var record))
                batch.Add(record);
            if (await DeliverAsync(batch) is { } reason)
                Drop(batch, reason);
            else
                Delivered(batch);
        }
    }

    private async Task<string?> DeliverAsync(IReadOnlyList<AuditRecord> batch)
    {
        string? reason = null;
        for (var tries = 1; tries <= MaxTries && !_stop.IsCancellationRequested; tries++)
        {
            if (tries > 1)
                await Task.Delay(PauseBetweenTries, _time, _hurry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            reason = await TryAsync(batch);
            if (reason is null)
                return null;
        }

        return reason ?? "the backend stopped";
    }

    private async Task<string?> TryAsync(IReadOnlyList<AuditRecord> batch)
    {
        using var limit = new CancellationTokenSource(TryTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        try
        {
            return await _sink.DeliverAsync(batch, either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            return _stop.IsCancellationRequested ? "the backend stopped" : $"no answer within {TryTimeout.TotalSeconds} s";
        }
#pragma warning disable CA1031 // Whatever a sink throws, it is a try that failed: the worker must outlive it, or every later record is lost.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e.GetType().Name;
        }
    }

    private void Delivered(List<AuditRecord> batch)
    {
        foreach (var record in batch)
            record.Receipt?.Delivered();
        if (Gaps.Delivered())
            WorksAgain?.Invoke();
    }

    private void Drop(List<AuditRecord> records, string reason)
    {
        var count = records.Count;
        foreach (var record in records)
        {
            record.Receipt?.Dropped();
            Gaps.Lost(record, Name);
        }

        Interlocked.Exchange(ref _droppedAt, _time.GetTimestamp());
        var before = Interlocked.Add(ref _dropped, count) - count;
        _meter.AuditDropped(_sink.Name, count);

        // Once when it begins: a sink that is dead for hours must not fill the log.
        if (before == 0 || (before / MaxRecords) != ((before + count) / MaxRecords))
            _logger.AuditDropped(_sink.Name, before + count, reason);
    }
}
