using System.Diagnostics.Metrics;

namespace Maestra.Backend.Metrics;

/// <summary>
/// Every instrument of the backend (wire.md §6): other areas only record into it. Thread-safe; recording never blocks.
/// Labels come from bounded sets: a user, a conversation or free text must never be passed as one.
/// </summary>
internal sealed class BackendMeter : IDisposable
{
    public const string MeterName = "Maestra.Backend";

    private static readonly double[] RequestBuckets = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60];

    private readonly Lock _gate = new();
    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _requestSeconds;
    private readonly Counter<long> _rateLimited;
    private readonly Counter<long> _providerRequests;
    private readonly Counter<long> _auditDropped;
    private readonly Counter<long> _syncRounds;
    private readonly Counter<long> _syncOperations;
    private readonly Counter<long> _syncBytes;
    private AskTotals _asks = AskTotals.None;
    private long _rateLimitedTotal;
    private Func<double> _uptimeSeconds = static () => 0;
    private Func<long> _conversations = static () => 0;
    private Func<CostTotals> _costs = static () => default;
    private Func<IReadOnlyList<PeerLag>> _syncLags = static () => [];
    private Func<long> _quarantined = static () => 0;

    public BackendMeter()
    {
        _meter.CreateObservableGauge(MetricNames.UptimeSeconds, () => _uptimeSeconds(), "s", "Time since the process started");
        _meter.CreateObservableGauge(MetricNames.AverageLatencyMs, () => Asks.AverageLatencyMs, "ms", "Mean latency of all finished asks");
        _meter.CreateObservableGauge(MetricNames.ActiveConversations, () => _conversations(), null, "Conversations in the store");
        _meter.CreateObservableCounter(MetricNames.TotalRequests, () => Asks.Requests, null, "Asks finished");
        _meter.CreateObservableCounter(MetricNames.TotalErrors, () => Asks.Errors, null, "Asks finished with a status of 400 or more");
        _meter.CreateObservableCounter(MetricNames.TotalCostUsd, () => (double)Asks.CostUsd, null, "Cost of all finished asks in USD");
        _requestSeconds = _meter.CreateHistogram(
            MetricNames.RequestDurationSeconds, "s", "Requests served, all routes",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = RequestBuckets });
        _rateLimited = _meter.CreateCounter<long>(MetricNames.RateLimited, null, "Requests refused by a rate limit");
        _providerRequests = _meter.CreateCounter<long>(MetricNames.ProviderRequests, null, "Calls of model providers");
        _auditDropped = _meter.CreateCounter<long>(MetricNames.AuditDropped, null, "Audit records a sink could not take");
        _syncRounds = _meter.CreateCounter<long>(MetricNames.SyncRounds, null, "Rounds of sync");
        _syncOperations = _meter.CreateCounter<long>(MetricNames.SyncOperations, null, "Operations exchanged with peers");
        _syncBytes = _meter.CreateCounter<long>(MetricNames.SyncBytes, null, "Bytes of sync bodies as sent");
        _meter.CreateObservableGauge(MetricNames.SyncLagSeconds, ObserveLags, "s", "Time since a peer and this backend last agreed on everything");
        _meter.CreateObservableGauge(MetricNames.SyncQuarantined, () => _quarantined(), null, "Operations held back because their clock is ahead");
    }

    /// <summary>Totals of the finished asks.</summary>
    public AskTotals Asks
    {
        get
        {
            lock (_gate)
                return _asks;
        }
    }

    /// <summary>Requests refused by a rate limit, all partitions.</summary>
    public long RateLimitedTotal => Interlocked.Read(ref _rateLimitedTotal);

    public CostTotals Costs => _costs();

    /// <summary>Of the peer furthest behind; null without peers.</summary>
    public double? WorstSyncLagSeconds => _syncLags() is { Count: > 0 } lags ? lags.Max(static lag => lag.Seconds) : null;

    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, _meter);

    /// <summary>An ask is finished: its status, also when that was told as the end of a stream, and what it cost now (a replay: nothing).</summary>
    public void AskFinished(int status, double latencyMs, decimal costUsd)
    {
        lock (_gate)
            _asks = _asks.With(status, latencyMs, costUsd);
    }

    /// <param name="route">The pattern of the route, never the path itself.</param>
    public void RequestServed(string route, string method, int status, TimeSpan duration) => _requestSeconds.Record(
        duration.TotalSeconds,
        new KeyValuePair<string, object?>(MetricNames.Route, route),
        new KeyValuePair<string, object?>(MetricNames.Method, method),
        new KeyValuePair<string, object?>(MetricNames.Status, status));

    /// <param name="partition">The kind of partition, such as <c>key</c>, <c>address</c>, <c>sync</c>; never the key or the address itself.</param>
    public void RateLimited(string partition)
    {
        Interlocked.Increment(ref _rateLimitedTotal);
        _rateLimited.Add(1, new KeyValuePair<string, object?>(MetricNames.Partition, partition));
    }

    /// <param name="provider">One of the names of wire.md §2.</param>
    /// <param name="outcome">Such as <c>ok</c>, <c>failed</c>, <c>busy</c>, <c>cancelled</c>.</param>
    public void ProviderAsked(string provider, string outcome) => _providerRequests.Add(
        1, new KeyValuePair<string, object?>(MetricNames.Provider, provider), new KeyValuePair<string, object?>(MetricNames.Outcome, outcome));

    /// <param name="count">0 shows the sink before it drops anything.</param>
    public void AuditDropped(string sink, long count) =>
        _auditDropped.Add(count, new KeyValuePair<string, object?>(MetricNames.Sink, sink));

    /// <param name="peer">Backend id of a paired peer.</param>
    /// <param name="outcome">Such as <c>synced</c>, <c>refused</c>, <c>unreachable</c>.</param>
    public void SyncRound(string peer, string outcome) => _syncRounds.Add(
        1, new KeyValuePair<string, object?>(MetricNames.Peer, peer), new KeyValuePair<string, object?>(MetricNames.Outcome, outcome));

    /// <param name="direction"><c>in</c> or <c>out</c>.</param>
    public void SyncOperations(string peer, string direction, long count) => _syncOperations.Add(
        count, new KeyValuePair<string, object?>(MetricNames.Peer, peer), new KeyValuePair<string, object?>(MetricNames.Direction, direction));

    /// <param name="direction"><c>in</c> or <c>out</c>.</param>
    public void SyncBytes(string direction, long count) =>
        _syncBytes.Add(count, new KeyValuePair<string, object?>(MetricNames.Direction, direction));

    /// <summary>Set once, before requests are served. The functions read memory only.</summary>
    public void ObserveProcess(Func<double> uptimeSeconds, Func<long> conversations) => (_uptimeSeconds, _conversations) = (uptimeSeconds, conversations);

    /// <summary>Set once by whoever keeps account of costs. The function reads memory only.</summary>
    public void ObserveCosts(Func<CostTotals> costs) => _costs = costs;

    /// <summary>Set once by sync. The functions read memory only.</summary>
    public void ObserveSync(Func<IReadOnlyList<PeerLag>> lags, Func<long> quarantined) => (_syncLags, _quarantined) = (lags, quarantined);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<double>> ObserveLags() =>
        _syncLags().Select(static lag => new Measurement<double>(lag.Seconds, new KeyValuePair<string, object?>(MetricNames.Peer, lag.Peer)));
}
