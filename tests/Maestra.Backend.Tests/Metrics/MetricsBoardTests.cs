using Maestra.Backend.Metrics;

namespace Maestra.Backend.Tests.Metrics;

public sealed class MetricsBoardTests
{
    [Fact]
    public void Snapshot_OtherAreasRecord_AddsUpBySeries()
    {
        using var meter = new BackendMeter();
        using var board = new MetricsBoard(meter);
        meter.RateLimited("key");
        meter.RateLimited("key");
        meter.RateLimited("address");
        meter.ProviderAsked("openai", "ok");
        meter.SyncRound("local_sha256_1", "synced");
        meter.SyncOperations("local_sha256_1", "in", 5);
        meter.SyncBytes("out", 1627);
        meter.ObserveSync(() => [new PeerLag("local_sha256_1", 1.5), new PeerLag("local_sha256_2", 3)], () => 7);
        meter.ObserveCosts(() => new CostTotals(0.25m, 3m));

        var text = PrometheusText.Render(board.Snapshot());

        Assert.All(
            (string[])["maestra_rate_limited_total{partition=\"address\"} 1", "maestra_rate_limited_total{partition=\"key\"} 2",
                "maestra_provider_requests_total{provider=\"openai\",outcome=\"ok\"} 1", "maestra_sync_rounds_total{peer=\"local_sha256_1\",outcome=\"synced\"} 1",
                "maestra_sync_operations_total{peer=\"local_sha256_1\",direction=\"in\"} 5", "maestra_sync_bytes_total{direction=\"out\"} 1627",
                "maestra_sync_lag_seconds{peer=\"local_sha256_2\"} 3", "maestra_sync_quarantined 7"],
            line => Assert.Contains(line + "\n", text, StringComparison.Ordinal));
        Assert.Equal((3, 3d, 0.25m), (meter.RateLimitedTotal, meter.WorstSyncLagSeconds, meter.Costs.TodayUsd));
    }

    [Fact]
    public void Snapshot_PeerIsGone_ForgetsItsGauge()
    {
        using var meter = new BackendMeter();
        using var board = new MetricsBoard(meter);
        IReadOnlyList<PeerLag> lags = [new PeerLag("gone", 1)];
        meter.ObserveSync(() => lags, () => 0);
        board.Snapshot();
        lags = [];

        Assert.DoesNotContain("gone", PrometheusText.Render(board.Snapshot()), StringComparison.Ordinal);
    }

    [Fact]
    public void Snapshot_LabelsWithoutBound_EndInOneSeries()
    {
        using var meter = new BackendMeter();
        using var board = new MetricsBoard(meter);
        for (var i = 0; i < MetricsBoard.MaxSeriesPerFamily + 500; i++)
            meter.RateLimited($"p{i}");

        var family = board.Snapshot().Single(family => family.Name == MetricNames.RateLimited);

        Assert.Equal(MetricsBoard.MaxSeriesPerFamily + 1, family.Series.Count);
        Assert.Equal(500, family.Series.Single(series => series.Labels[0].Value == MetricsBoard.Overflow).Value);
    }

    [Fact]
    public void Render_OddLabel_IsEscaped()
    {
        var family = new MetricFamily("m", "a\\b\nc", MetricKind.Gauge, [], [new MetricSeries([new("l", "a\"b\\c\nd")], double.PositiveInfinity, [])]);

        Assert.Equal("# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{l=\"a\\\"b\\\\c\\nd\"} +Inf\n", PrometheusText.Render([family]));
    }
}
