using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;
using Maestra.Backend.Audit;
using Maestra.Backend.Metrics;

namespace Maestra.Backend.Tests.Audit;

/// <summary>The queue before each sink: it delays nobody, tries three times, and counts what it loses (T52).</summary>
public sealed class AuditQueueTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly BackendMeter _meter = new();
    private readonly MetricsBoard _board;
    private readonly CapturingLogger _logger = new();

    public AuditQueueTests() => _board = new MetricsBoard(_meter);

    public void Dispose()
    {
        _board.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public async Task Offer_SinkTakesThem_ComeInOrderAndInBatches()
    {
        var sink = new ScriptedSink();
        await using (var queue = new AuditQueue(sink, 100, _meter, _time, _logger))
        {
            for (var i = 1; i <= 250; i++)
                queue.Offer(Record(i));
        }

        Assert.Equal(Enumerable.Range(1, 250), sink.Tries.Snapshot().SelectMany(batch => batch).Select(record => int.Parse(record.Hash)));
        Assert.All(sink.Tries.Snapshot(), batch => Assert.InRange(batch.Count, 1, 100));
    }

    [Fact]
    public async Task Offer_SinkRefusesTwice_IsDeliveredAtTheThirdTry()
    {
        var sink = new ScriptedSink { Answer = number => number < 3 ? "no" : null };
        await using var queue = new AuditQueue(sink, 1, _meter, _time, _logger);
        queue.Offer(Record(1));
        await sink.Tries.ItemAsync(1);
        await _time.WaitForTimersAsync();
        _time.Advance(AuditQueue.PauseBetweenTries);
        await sink.Tries.ItemAsync(2);
        await _time.WaitForTimersAsync();
        _time.Advance(AuditQueue.PauseBetweenTries);
        await sink.Tries.ItemAsync(3);

        queue.Offer(Record(2));
        await sink.Tries.ItemAsync(4);

        Assert.Equal((0, false), (queue.Dropped, queue.IsDropping));
    }

    [Fact]
    public async Task Offer_SinkThrowsWhatNobodyThoughtOf_IsATryThatFailedAndTheNextGoesOn()
    {
        var sink = new ScriptedSink { Answer = number => number <= 3 ? throw new NotSupportedException("a bug") : null };
        await using var queue = new AuditQueue(sink, 1, _meter, _time, _logger);
        queue.Offer(Record(1));
        for (var tries = 1; tries < AuditQueue.MaxTries; tries++)
        {
            await sink.Tries.ItemAsync(tries);
            await _time.WaitForTimersAsync();
            _time.Advance(AuditQueue.PauseBetweenTries);
        }

        await _logger.Records.ItemAsync(1);
        queue.Offer(Record(2));
        await sink.Tries.ItemAsync(4);

        Assert.Equal(1, queue.Dropped);
    }

    [Fact]
    public async Task Offer_SinkRefusesThreeTimes_DropsCountsAndSaysSo_T52()
    {
        var sink = new ScriptedSink { Answer = number => number <= 3 ? "it answered 500" : null };
        await using var queue = new AuditQueue(sink, 1, _meter, _time, _logger);
        queue.Offer(Record(1));
        for (var tries = 1; tries < AuditQueue.MaxTries; tries++)
        {
            await sink.Tries.ItemAsync(tries);
            await _time.WaitForTimersAsync();
            _time.Advance(AuditQueue.PauseBetweenTries);
        }

        var told = await _logger.Records.ItemAsync(1);
        queue.Offer(Record(2));
        await sink.Tries.ItemAsync(4);

        Assert.Contains("scripted has dropped 1 records: it answered 500", told.Message, StringComparison.Ordinal);
        Assert.Equal((1, true), (queue.Dropped, queue.IsDropping));
        Assert.Contains("maestra_audit_dropped_total{sink=\"scripted\"} 1\n", PrometheusText.Render(_board.Snapshot()), StringComparison.Ordinal);
        _time.Advance(AuditQueue.DroppingFor);
        Assert.False(queue.IsDropping);
    }

    [Fact]
    public async Task Offer_SinkHangs_DelaysNobodyAndDropsTheNewest_T52()
    {
        var sink = new ScriptedSink { Hangs = true };
        var queue = new AuditQueue(sink, 1, _meter, _time, _logger);
        queue.Offer(Record(0));
        await sink.Tries.ItemAsync(1);

        for (var i = 1; i <= AuditQueue.MaxRecords + 5; i++)
            queue.Offer(Record(i));

        Assert.Equal((5, true), (queue.Dropped, queue.IsDropping));
        _time.Advance(AuditQueue.TryTimeout);
        await _time.WaitForTimersAsync();
        _time.Advance(AuditQueue.PauseBetweenTries);
        await sink.Tries.ItemAsync(2);
        sink.Hangs = false;
        _time.Advance(AuditQueue.TryTimeout);
        await _time.WaitForTimersAsync();
        _time.Advance(AuditQueue.PauseBetweenTries);
        await sink.Tries.WhenAsync(tries => tries[^1][0].Hash == AuditQueue.MaxRecords.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await queue.DisposeAsync();
        Assert.Equal(5, queue.Dropped);
    }

    [Fact]
    public async Task Dispose_SinkHangs_EndsInABoundedTimeAndCountsWhatIsLost()
    {
        var sink = new ScriptedSink { Hangs = true };
        var queue = new AuditQueue(sink, 1, _meter, _time, _logger);
        queue.Offer(Record(1));
        queue.Offer(Record(2));
        await sink.Tries.ItemAsync(1);

        var closing = queue.DisposeAsync().AsTask();
        await _time.WaitForTimersAsync(2);
        _time.Advance(TimeSpan.FromSeconds(2));
        await closing.WaitAsync(TestTimeouts.Signal);

        Assert.Equal(2, queue.Dropped);
    }

    private static AuditRecord Record(int number) => new(default, "{}", number.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private sealed class ScriptedSink : IAuditSink
    {
        private volatile bool _hangs;

        public bool Hangs { get => _hangs; set => _hangs = value; }

        public string Name => "scripted";

        public Journal<IReadOnlyList<AuditRecord>> Tries { get; } = new();

        public Func<int, string?> Answer { get; init; } = _ => null;

        public async Task<string?> DeliverAsync(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
        {
            var number = 0;
            Tries.Add(n =>
            {
                number = n;
                return [.. records];
            });
            if (Hangs)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            return Answer(number);
        }
    }
}
