using System.Text.RegularExpressions;

namespace Maestra.Backend.Settings;

/// <summary>Binds the settings of metrics file, alerts, dependencies and telemetry; those of the audit are in <see cref="AuditBinder"/>.</summary>
internal static partial class SignalBinder
{
    public const string Off = "off";
    public const string MetricsFileName = "maestra_metrics.jsonl";
    private const int MaxDependencies = 16;
    private const int GrpcPort = 4317;

    private static readonly (string Name, string Setting)[] KnownDependencies =
    [
        ("jh_brain", SettingNames.JhBrainUrl), ("memory_hub", SettingNames.MemoryHubUrl), ("deep_research", SettingNames.DeepResearchUrl),
    ];

    public static SignalSettings Bind(SettingReader reader, BackendMode mode, string stateRoot) => new()
    {
        MetricsFile = MetricsFile(reader, mode, stateRoot),
        Audit = AuditBinder.Bind(reader, mode, stateRoot),
        SlackWebhook = Url(reader, SettingNames.SlackWebhook, isSecret: true),
        Dependencies = Dependencies(reader),
        Otlp = Otlp(reader),
    };

    /// <summary>An absolute http or https address; an unencrypted one beyond this machine is taken with a warning.</summary>
    internal static Uri? Url(SettingReader reader, string name, bool isSecret)
    {
        if (reader.Find(name) is not { } value)
            return null;
        if (TryParseUrl(value.Text) is not { } url)
        {
            if (isSecret)
                reader.Refuse($"{name} ({value.Origin}): expected an http or https address");
            else
                reader.Refuse(value, "an http or https address");
            return null;
        }

        if (url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback)
            reader.Warn($"{name} is http: what is sent there can be read on the way");
        return url;
    }

    /// <summary>TEST_MODE: nothing outside is called (wire.md §13); whoever set an address hears that it is not.</summary>
    public static SignalSettings WithoutConnections(SignalSettings signals, SettingReader reader)
    {
        string?[] unused =
        [
            signals.SlackWebhook is null ? null : SettingNames.SlackWebhook, signals.Otlp is null ? null : SettingNames.OtlpEndpoint,
            signals.Audit.Webhook is null ? null : SettingNames.AuditWebhook, signals.Audit.Splunk is null ? null : SettingNames.SplunkUrl,
            .. signals.Dependencies.Where(static dependency => dependency.Url is not null).Select(static dependency => $"the address of {dependency.Name}"),
            reader.IsSet(SettingNames.Peers) ? SettingNames.Peers : null,
        ];
        foreach (var name in unused.OfType<string>())
            reader.Warn($"{name} has no effect with {SettingNames.TestMode}, in which nothing outside is called");
        return signals with
        {
            SlackWebhook = null,
            Otlp = null,
            Audit = signals.Audit with { Webhook = null, Splunk = null },
            Dependencies = [.. signals.Dependencies.Select(static dependency => dependency with { Url = null })],
        };
    }

    private static Uri? TryParseUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.Host.Length > 0
            ? url
            : null;

    private static string? MetricsFile(SettingReader reader, BackendMode mode, string stateRoot)
    {
        var fallback = Path.Combine(stateRoot, MetricsFileName);
        if (reader.Find(SettingNames.MetricsFile) is not { } value)
            return mode == BackendMode.Local ? fallback : null;
        return value.Text.Equals(Off, StringComparison.OrdinalIgnoreCase) ? null : reader.Folder(SettingNames.MetricsFile, fallback);
    }

    private static List<DependencySettings> Dependencies(SettingReader reader)
    {
        var dependencies = KnownDependencies.Select(known => new DependencySettings(known.Name, Url(reader, known.Setting, isSecret: false))).ToList();
        if (reader.Find(SettingNames.Dependencies) is not { } value)
            return dependencies;
        var names = new HashSet<string>(dependencies.Select(known => known.Name), StringComparer.Ordinal) { "conversation_hub" };
        var entries = value.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var entry in entries)
        {
            var equals = entry.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? entry : entry[..equals];
            if (equals > 0 && DependencyName().IsMatch(name) && names.Add(name) && TryParseUrl(entry[(equals + 1)..]) is { } url)
                dependencies.Add(new DependencySettings(name, url));
            else
                reader.Refuse(value, $"name=url, name=url with each name once, of a-z, 0-9 and _ in 1 to 32 characters, and an http or https address; '{entry}' is none");
        }

        if (entries.Length > MaxDependencies)
            reader.Refuse(value, $"at most {MaxDependencies} dependencies");
        return dependencies;
    }

    private static OtlpSettings? Otlp(SettingReader reader)
    {
        if (Url(reader, SettingNames.OtlpEndpoint, isSecret: false) is not { } endpoint)
            return null;
        return reader.Choice(SettingNames.OtlpProtocol, endpoint.Port == GrpcPort ? "grpc" : "http/protobuf", "grpc", "http/protobuf") == "grpc"
            ? new OtlpSettings(endpoint, UsesGrpc: true)
            : new OtlpSettings(endpoint, UsesGrpc: false);
    }

    [GeneratedRegex("^[a-z0-9_]{1,32}$", RegexOptions.CultureInvariant)]
    private static partial Regex DependencyName();
}
