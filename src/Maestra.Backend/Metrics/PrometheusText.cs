using System.Globalization;
using System.Text;

namespace Maestra.Backend.Metrics;

/// <summary>
/// Writes metrics in Prometheus' text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). Pure.
/// </summary>
internal static class PrometheusText
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Render(IReadOnlyList<MetricFamily> families)
    {
        var text = new StringBuilder();
        foreach (var family in families)
        {
            text.Append("# HELP ").Append(family.Name).Append(' ').Append(EscapeHelp(family.Help)).Append('\n');
            text.Append("# TYPE ").Append(family.Name).Append(' ').Append(TypeName(family.Kind)).Append('\n');
            foreach (var series in family.Series)
            {
                if (family.Kind == MetricKind.Histogram)
                    AppendHistogram(text, family, series);
                else
                    AppendSample(text, family.Name, series.Labels, null, series.Value);
            }
        }

        return text.ToString();
    }

    private static void AppendHistogram(StringBuilder text, MetricFamily family, MetricSeries series)
    {
        long seen = 0;
        for (var i = 0; i < series.Buckets.Count; i++)
        {
            seen += series.Buckets[i];
            var bound = i < family.Bounds.Count ? Number(family.Bounds[i]) : "+Inf";
            AppendSample(text, family.Name + "_bucket", series.Labels, bound, seen);
        }

        AppendSample(text, family.Name + "_sum", series.Labels, null, series.Value);
        AppendSample(text, family.Name + "_count", series.Labels, null, seen);
    }

    private static void AppendSample(StringBuilder text, string name, IReadOnlyList<KeyValuePair<string, string>> labels, string? bound, double value)
    {
        text.Append(name);
        var opens = '{';
        foreach (var (label, labelValue) in labels)
        {
            text.Append(opens).Append(label).Append("=\"").Append(EscapeLabel(labelValue)).Append('"');
            opens = ',';
        }

        if (bound is not null)
        {
            text.Append(opens).Append("le=\"").Append(bound).Append('"');
            opens = ',';
        }

        if (opens == ',')
            text.Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string TypeName(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        _ => "histogram",
    };

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string EscapeHelp(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string EscapeLabel(string text) => EscapeHelp(text).Replace("\"", "\\\"", StringComparison.Ordinal);
}
