namespace Maestra.Backend.Metrics;

/// <summary>How a metric behaves, in Prometheus' words.</summary>
internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>One metric with all its series, as it stood at one moment. Immutable.</summary>
/// <param name="Bounds">Upper bounds of the buckets, ascending, without infinity; empty unless it is a histogram.</param>
internal sealed record MetricFamily(string Name, string Help, MetricKind Kind, IReadOnlyList<double> Bounds, IReadOnlyList<MetricSeries> Series);

/// <summary>One set of label values.</summary>
/// <param name="Value">Of a counter or a gauge; of a histogram the sum.</param>
/// <param name="Buckets">Observations in each bucket, not cumulative, the one beyond the last bound included.</param>
internal sealed record MetricSeries(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, IReadOnlyList<long> Buckets);
