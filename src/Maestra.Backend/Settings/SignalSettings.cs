namespace Maestra.Backend.Settings;

/// <summary>What the backend tells about itself, and where (wire.md §5, §11).</summary>
internal sealed record SignalSettings
{
    public static readonly SignalSettings None = new() { Audit = new AuditSettings() };

    /// <summary>Path of <c>maestra_metrics.jsonl</c>; null: none is written.</summary>
    public string? MetricsFile { get; init; }

    public required AuditSettings Audit { get; init; }

    /// <summary>Itself a secret; null: no alerts.</summary>
    public Uri? SlackWebhook { get; init; }

    /// <summary>The three of wire.md §5, configured or not, then those of <c>MAESTRA_DEPENDENCIES</c>.</summary>
    public IReadOnlyList<DependencySettings> Dependencies { get; init; } = [];

    /// <summary>Collector of metrics and traces; null: nothing is exported.</summary>
    public OtlpSettings? Otlp { get; init; }
}

/// <summary>The sinks that are on. Null: off.</summary>
internal sealed record AuditSettings
{
    /// <summary>Path of <c>audit.log</c>.</summary>
    public string? File { get; init; }

    public bool Stdout { get; init; }

    public Uri? Webhook { get; init; }

    public Uri? Splunk { get; init; }

    /// <summary>Not null when <see cref="Splunk"/> is not.</summary>
    public string? SplunkToken { get; init; }
}

/// <param name="Name">As <c>/health</c> shows it.</param>
/// <param name="Url">Its health; null: not configured.</param>
internal sealed record DependencySettings(string Name, Uri? Url);

/// <param name="Endpoint">Base address.</param>
/// <param name="UsesGrpc">Else HTTP with protobuf.</param>
internal sealed record OtlpSettings(Uri Endpoint, bool UsesGrpc);
