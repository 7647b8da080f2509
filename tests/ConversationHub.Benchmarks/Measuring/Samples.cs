using System.Globalization;

namespace ConversationHub.Benchmarks.Measuring;

/// <summary>Durations of one thing measured many times.</summary>
internal sealed class Samples(IEnumerable<TimeSpan> values)
{
    private readonly double[] _milliseconds = [.. values.Select(static value => value.TotalMilliseconds).Order()];

    public int Count => _milliseconds.Length;

    public double Median => Percentile(0.5);

    public double P99 => Percentile(0.99);

    /// <param name="share">0–1; nearest rank.</param>
    public double Percentile(double share) => _milliseconds[(int)Math.Min(_milliseconds.Length - 1, share * _milliseconds.Length)];

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"p50 {Median:0.00} ms, p99 {P99:0.00} ms, n {Count}");
}
