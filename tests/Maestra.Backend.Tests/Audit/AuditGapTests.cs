using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;
using Maestra.Backend.Audit;
using Maestra.Backend.Metrics;

namespace Maestra.Backend.Tests.Audit;

/// <summary>What the file loses is on record in the chain, so that <c>audit verify</c> does not call it tampered with (docs/decisions/0069).</summary>
public sealed class AuditGapTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly BackendMeter _meter = new();
    private readonly DiskLikeSink _sink = new();

    public void Dispose() => _meter.Dispose();

    [Fact]
    public async Task Record_OneIsLost_TheNextThatArrivesIsFollowedByWhatSaysSo()
    {
        await using (var queue = Queue())
        {
            var trail = Trail(queue);
            await WriteAsync(trail, 1);
            await LoseAsync(trail, queue, 1);
            await WriteAsync(trail, 1);
            await _sink.Lines.ItemAsync(3);
        }

        Assert.Equal((3, 1, null), Verify());
    }

    [Fact]
    public async Task Record_WhatSaysSoIsLostToo_IsSaidOnceMore()
    {
        await using (var queue = Queue())
        {
            var trail = Trail(queue);
            await WriteAsync(trail, 1);
            await LoseAsync(trail, queue, 2);
            _sink.Takes = 1;
            trail.Record(Event);
            await UntilAsync(() => queue.Dropped == 3);
            _sink.Takes = int.MaxValue;
            trail.Record(Event);
            await _sink.Lines.WhenAsync(lines => Verify(lines).Dropped == 3);
        }

        Assert.Equal((3, null), (Verify().Dropped, Verify().Broken));
    }

    [Fact]
    public async Task Record_QueueWasFull_AllThatCameThenAreSaidToBeLost()
    {
        await using (var queue = Queue())
        {
            var trail = Trail(queue);
            _sink.Holds = new TaskCompletionSource();
            for (var i = 0; i < AuditQueue.MaxRecords + 9; i++)
                trail.Record(Event);
            await UntilAsync(() => queue.Dropped > 0);
            _sink.Holds.SetResult();
            await _sink.Lines.WhenAsync(static lines => lines.Count > 0 && lines[^1].Contains(AuditEventName.RecordsDropped, StringComparison.Ordinal));
        }

        Assert.Null(Verify().Broken);
        Assert.InRange(Verify().Dropped, 8, 9);
    }

    /// <summary>Nothing arrived since: the last record of all is the last occasion.</summary>
    [Fact]
    public async Task Shutdown_AfterALoss_SaysSoBeforeItself()
    {
        await using (var queue = Queue())
        {
            var trail = Trail(queue);
            await WriteAsync(trail, 1);
            await LoseAsync(trail, queue, 1);
            trail.Record(Event with { Name = AuditEventName.Shutdown });
        }

        Assert.Equal((3, 1, null), Verify());
    }

    /// <summary>What is kept of them is bounded; what is told may then cover more than was lost, and never less.</summary>
    [Fact]
    public void Lost_MoreGapsThanAreKeptApart_AreAllTold()
    {
        const int Most = 64;
        const int Losses = Most + 9;
        var gaps = new AuditGaps();
        var lost = Enumerable.Range(1, Losses).Select(static number => 3L * number).ToList();
        foreach (var seq in lost)
            gaps.Lost(new AuditRecord(_time.GetUtcNow(), "{}", AuditRecord.NoHash) { Seq = seq }, FileSink.SinkName);

        var told = gaps.Take(isLast: true);

        Assert.Equal(Most, told.Count);
        Assert.All(lost, seq => Assert.Contains(told, gap => gap.First <= seq && seq <= gap.Last));
        Assert.Equal((lost[0], lost[^1]), (told[0].First, told[^1].Last));
    }

    private static AuditEvent Event => new(AuditEventName.Startup, AuditOutcome.Ok, AuditEvent.System, "s");

    private AuditQueue Queue() => new(_sink, 1, _meter, _time, new CapturingLogger());

    private AuditTrail Trail(AuditQueue queue) => new([queue], AuditRecord.NoHash, new IdSource(_time), _time);

    private async Task WriteAsync(AuditTrail trail, int count)
    {
        var before = _sink.Lines.Snapshot().Count;
        for (var i = 0; i < count; i++)
            trail.Record(Event);
        await _sink.Lines.ItemAsync(before + count);
    }

    private async Task LoseAsync(AuditTrail trail, AuditQueue queue, int count)
    {
        _sink.Takes = 0;
        for (var i = 0; i < count; i++)
            trail.Record(Event);
        await UntilAsync(() => queue.Dropped == count);
        _sink.Takes = int.MaxValue;
    }

    private async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!isSo())
        {
            await Task.Delay(5, limit.Token);
            if (_time.Waiting.Count > 0 && _sink.Holds is null)
                _time.Advance(AuditQueue.PauseBetweenTries);
        }
    }

    private (long Records, long Dropped, string? Broken) Verify() => Verify(_sink.Lines.Snapshot());

    private static (long Records, long Dropped, string? Broken) Verify(IReadOnlyList<string> lines)
    {
        var verdict = AuditVerifier.Verify(lines.Select((line, index) => new AuditLine("audit.log", index + 1, line, IsWhole: true)), beginsAtStart: true, expected: null);
        return (verdict.Records, verdict.Dropped, verdict.Broken);
    }

    /// <summary>Takes lines as the file does, while there is room.</summary>
    private sealed class DiskLikeSink : IAuditSink
    {
        private volatile int _takes = int.MaxValue;

        public string Name => FileSink.SinkName;

        public Journal<string> Lines { get; } = new();

        /// <summary>So many deliveries more.</summary>
        public int Takes { get => _takes; set => _takes = value; }

        /// <summary>Null: nothing hangs.</summary>
        public TaskCompletionSource? Holds { get; set; }

        public async Task<string?> DeliverAsync(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
        {
            if (Holds is { } holds)
                await holds.Task;
            if (_takes <= 0)
                return "the disk is full";
            _takes--;
            foreach (var record in records)
                Lines.Add(record.Json);
            return null;
        }
    }
}
