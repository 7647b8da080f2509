namespace Maestra.Backend.Settings;

/// <summary>
/// Binds where the audit goes (wire.md §11). Without <c>AUDIT_SINKS</c> that is a file in local mode and standard output in cloud mode,
/// and whatever has an address; with it, exactly what it lists.
/// </summary>
internal static class AuditBinder
{
    public const string FileName = "audit.log";

    private const string FileSink = "file";
    private const string StdoutSink = "stdout";
    private const string WebhookSink = "webhook";
    private const string SplunkSink = "splunk";
    private const string NoSink = "none";
    private const string CollectorPath = "/services/collector/event";

    public static AuditSettings Bind(SettingReader reader, BackendMode mode, string stateRoot)
    {
        var webhook = SignalBinder.Url(reader, SettingNames.AuditWebhook, isSecret: true);
        var splunk = SignalBinder.Url(reader, SettingNames.SplunkUrl, isSecret: false);
        var token = reader.Secret(SettingNames.SplunkToken);
        var listed = Listed(reader);
        var sinks = listed ?? [mode == BackendMode.Local ? FileSink : StdoutSink];
        if (listed is null && reader.IsSet(SettingNames.AuditWebhook))
            sinks.Add(WebhookSink);
        if (listed is null && reader.IsSet(SettingNames.SplunkUrl))
            sinks.Add(SplunkSink);
        Switch(reader, SettingNames.AuditToStdout, sinks, StdoutSink);
        Switch(reader, SettingNames.AuditToFile, sinks, FileSink);

        Require(reader, sinks, WebhookSink, SettingNames.AuditWebhook, reader.IsSet(SettingNames.AuditWebhook));
        Require(reader, sinks, SplunkSink, SettingNames.SplunkUrl, reader.IsSet(SettingNames.SplunkUrl));
        if (sinks.Contains(SplunkSink) && string.IsNullOrEmpty(token))
            reader.Refuse($"{SettingNames.SplunkToken}: the audit sink splunk needs it");
        return new AuditSettings
        {
            File = sinks.Contains(FileSink) ? Path.Combine(stateRoot, FileName) : null,
            Stdout = sinks.Contains(StdoutSink),
            Webhook = sinks.Contains(WebhookSink) ? webhook : null,
            Splunk = sinks.Contains(SplunkSink) ? Collector(splunk) : null,
            SplunkToken = token,
        };
    }

    /// <summary>True puts the sink to the others, false takes it away.</summary>
    private static void Switch(SettingReader reader, string setting, HashSet<string> sinks, string sink)
    {
        if (!reader.IsSet(setting))
            return;
        if (reader.Flag(setting))
            sinks.Add(sink);
        else
            sinks.Remove(sink);
    }

    private static HashSet<string>? Listed(SettingReader reader)
    {
        if (reader.Find(SettingNames.AuditSinks) is not { } value)
            return null;
        var sinks = new HashSet<string>(StringComparer.Ordinal);
        var entries = value.Text.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (entries.Length == 0)
            reader.Refuse(value, $"a comma list of {FileSink}, {StdoutSink}, {WebhookSink}, {SplunkSink}, or {NoSink}");
        foreach (var sink in entries)
        {
            if (sink is FileSink or StdoutSink or WebhookSink or SplunkSink)
                sinks.Add(sink);
            else if (sink != NoSink)
                reader.Refuse(value, $"a comma list of {FileSink}, {StdoutSink}, {WebhookSink}, {SplunkSink}, or {NoSink}; '{sink}' is none");
        }

        return sinks;
    }

    /// <summary>A sink that is named must work; an address whose sink is not named is told to have no effect.</summary>
    private static void Require(SettingReader reader, HashSet<string> sinks, string sink, string setting, bool isSet)
    {
        if (sinks.Contains(sink) && !isSet)
            reader.Refuse($"{setting}: the audit sink {sink} needs it");
        else if (isSet && !sinks.Contains(sink))
            reader.Warn($"{setting} is set and has no effect: {SettingNames.AuditSinks} does not list {sink}");
    }

    private static Uri? Collector(Uri? url) => url is { AbsolutePath: "/" } ? new Uri(url, CollectorPath) : url;
}
