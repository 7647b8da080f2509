using System.Diagnostics.Metrics;
using System.Globalization;

namespace Maestra.Backend.Metrics;

/// <summary>
/// Adds up what the instruments of this backend and of its store record: the only holder of those sums. Thread-safe.
/// It reads memory only, so that <c>/metrics</c> answers whatever the disk or the network do.
/// </summary>
internal sealed class MetricsBoard : IDisposable
{
    /// <summary>Of <c>StoreTelemetry</c>, which belongs to the other project.</summary>
    public const string StoreMeterName = "ConversationHub.Store";

    /// <summary>Labels are bounded by those who record; should one not be, its new values are added up under <see cref="Overflow"/>.</summary>
    public const int MaxSeriesPerFamily = 1000;

    public const string Overflow = "other";

    private readonly Lock _gate = new();
    private readonly List<Family> _families = [];
    private readonly MeterListener _listener = new();
    private readonly BackendMeter _meter;

    public MetricsBoard(BackendMeter meter)
    {
        _meter = meter;
        _listener.InstrumentPublished = Listen;
        _listener.SetMeasurementEventCallback<long>(static (_, value, labels, state) => ((Family)state!).Record(value, labels));
        _listener.SetMeasurementEventCallback<double>(static (_, value, labels, state) => ((Family)state!).Record(value, labels));
        _listener.Start();
    }

    /// <summary>All metrics in the order in which their instruments were made.</summary>
    public IReadOnlyList<MetricFamily> Snapshot()
    {
        lock (_gate)
        {
            foreach (var family in _families)
                family.ForgetObservations();
            _listener.RecordObservableInstruments();
            return [.. _families.Select(static family => family.Snapshot())];
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Listen(Instrument instrument, MeterListener listener)
    {
        // Other backends may run in this process (in tests they do), each with instruments of its own.
        if (!_meter.Owns(instrument) && instrument.Meter.Name != StoreMeterName)
            return;
        var family = new Family(instrument);
        lock (_gate)
            _families.Add(family);
        listener.EnableMeasurementEvents(instrument, family);
    }

    private sealed class Family
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<LabelValues, Sum> _sums = [];
        private readonly Instrument _instrument;
        private readonly MetricKind _kind;
        private readonly double[] _bounds;

        public Family(Instrument instrument)
        {
            _instrument = instrument;
            _kind = instrument switch
            {
                Histogram<double> => MetricKind.Histogram,
                Counter<long> or Counter<double> or ObservableCounter<long> or ObservableCounter<double> => MetricKind.Counter,
                _ => MetricKind.Gauge,
            };
            _bounds = instrument is Histogram<double> histogram ? [.. histogram.Advice?.HistogramBucketBoundaries ?? []] : [];
        }

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> labels)
        {
            lock (_gate)
            {
                var sum = Find(labels);
                if (_kind == MetricKind.Histogram)
                    sum.Buckets[Bucket(value)]++;
                // An observable instrument tells its total each time, the others what is to be added.
                sum.Value = _instrument.IsObservable ? value : sum.Value + value;
            }
        }

        public void ForgetObservations()
        {
            lock (_gate)
            {
                if (_instrument.IsObservable)
                    _sums.Clear();
            }
        }

        public MetricFamily Snapshot()
        {
            lock (_gate)
            {
                var series = _sums.Values.OrderBy(static sum => string.Join('\u001f', sum.Labels.Select(static label => label.Value)), StringComparer.Ordinal)
                    .Select(static sum => new MetricSeries(sum.Labels, sum.Value, [.. sum.Buckets]));
                return new MetricFamily(_instrument.Name, _instrument.Description ?? "", _kind, _bounds, [.. series]);
            }
        }

        private int Bucket(double value)
        {
            var bucket = 0;
            while (bucket < _bounds.Length && value > _bounds[bucket])
                bucket++;
            return bucket;
        }

        private Sum Find(ReadOnlySpan<KeyValuePair<string, object?>> labels)
        {
            var key = LabelValues.Of(labels);
            if (_sums.TryGetValue(key, out var sum))
                return sum;
            var isFull = _sums.Count >= MaxSeriesPerFamily;
            if (isFull && _sums.TryGetValue(LabelValues.Overflow, out sum))
                return sum;
            var named = new KeyValuePair<string, string>[labels.Length];
            for (var i = 0; i < labels.Length; i++)
                named[i] = new(labels[i].Key, isFull ? Overflow : Text(labels[i].Value));
            sum = new Sum(named, _kind == MetricKind.Histogram ? new long[_bounds.Length + 1] : []);
            _sums.Add(isFull ? LabelValues.Overflow : key, sum);
            return sum;
        }

        private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>What a measurement is found by, without a text being made for it: every request is one. An instrument has at most three labels.</summary>
    private readonly record struct LabelValues(object? First, object? Second, object? Third)
    {
        public static readonly LabelValues Overflow = new(new object(), null, null);

        public static LabelValues Of(ReadOnlySpan<KeyValuePair<string, object?>> labels) => labels switch
        {
            [] => default,
            [var one] => new LabelValues(one.Value, null, null),
            [var one, var two] => new LabelValues(one.Value, two.Value, null),
            [var one, var two, var three] => new LabelValues(one.Value, two.Value, three.Value),
            _ => throw new ArgumentException("An instrument has more labels than are looked at.", nameof(labels)),
        };
    }

    private sealed class Sum(IReadOnlyList<KeyValuePair<string, string>> labels, long[] buckets)
    {
        public IReadOnlyList<KeyValuePair<string, string>> Labels => labels;

        public long[] Buckets => buckets;

        public double Value { get; set; }
    }
}
