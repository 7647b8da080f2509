using ConversationHub.Testing;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Settings;

/// <summary>Where metrics, audit and alerts go (wire.md §11, §13).</summary>
public sealed class SignalBinderTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Bind_Local_WritesMetricsAndAuditIntoTheStateRoot()
    {
        var signals = Bind();

        Assert.Equal(_home.Combine(".8825", "maestra_metrics.jsonl"), signals.MetricsFile);
        Assert.Equal(new AuditSettings { File = _home.Combine(".8825", "audit.log") }, signals.Audit);
        Assert.Equal((null, null), (signals.SlackWebhook, signals.Otlp));
        Assert.Equal(["jh_brain", "memory_hub", "deep_research"], signals.Dependencies.Select(dependency => dependency.Name));
    }

    [Fact]
    public void Bind_Cloud_WritesNoFileAndAuditsToStandardOutput()
    {
        var signals = Bind(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", "sixteen-characters"));

        Assert.Null(signals.MetricsFile);
        Assert.Equal(new AuditSettings { Stdout = true }, signals.Audit);
    }

    [Theory]
    [InlineData("AUDIT_LOG_TO_FILE=false", "")]
    [InlineData("AUDIT_LOG_STDOUT=true", "file stdout")]
    [InlineData("AUDIT_SINKS=none", "")]
    [InlineData("MAESTRA_MODE=cloud MAESTRA_API_KEY=sixteen-characters AUDIT_LOG_TO_FILE=true", "file stdout")]
    [InlineData("MAESTRA_MODE=cloud MAESTRA_API_KEY=sixteen-characters AUDIT_LOG_TO_FILE=true AUDIT_LOG_STDOUT=false", "file")]
    [InlineData("AUDIT_SINKS=stdout", "stdout")]
    [InlineData("AUDIT_WEBHOOK_URL=https://audit.example/x", "file webhook")]
    [InlineData("AUDIT_SINKS=file,webhook AUDIT_WEBHOOK_URL=https://audit.example/x", "file webhook")]
    [InlineData("AUDIT_SINKS=splunk SPLUNK_HEC_URL=https://splunk.example:8088 SPLUNK_HEC_TOKEN=t", "splunk https://splunk.example:8088/services/collector/event")]
    [InlineData("AUDIT_SINKS=splunk SPLUNK_HEC_URL=https://splunk.example/own/path SPLUNK_HEC_TOKEN=t", "splunk https://splunk.example/own/path")]
    public void Bind_AuditSinks_AreThoseThatWereNamed_T52(string settings, string sinks)
    {
        var audit = Bind(Split(settings)).Audit;

        var on = new List<string>();
        if (audit.File is not null)
            on.Add("file");
        if (audit.Stdout)
            on.Add("stdout");
        if (audit.Webhook is not null)
            on.Add("webhook");
        if (audit.Splunk is { } splunk)
            on.Add($"splunk {splunk}");
        Assert.Equal(sinks, string.Join(' ', on));
    }

    [Theory]
    [InlineData("AUDIT_SINKS=webhook", "AUDIT_WEBHOOK_URL")]
    [InlineData("AUDIT_SINKS=splunk", "SPLUNK_HEC_URL|SPLUNK_HEC_TOKEN")]
    [InlineData("SPLUNK_HEC_URL=https://splunk.example", "SPLUNK_HEC_TOKEN")]
    [InlineData("AUDIT_SINKS=file,syslog", "AUDIT_SINKS")]
    [InlineData("AUDIT_SINKS=,", "AUDIT_SINKS")]
    [InlineData("MAESTRA_SLACK_WEBHOOK_URL=hooks.slack.example/T0/secret", "MAESTRA_SLACK_WEBHOOK_URL")]
    [InlineData("MAESTRA_METRICS_FILE=relative", "MAESTRA_METRICS_FILE")]
    [InlineData("MAESTRA_DEPENDENCIES=a=http://x,a=http://y,B=http://z,conversation_hub=http://x,c", "MAESTRA_DEPENDENCIES|MAESTRA_DEPENDENCIES|MAESTRA_DEPENDENCIES|MAESTRA_DEPENDENCIES")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT")]
    public void Bind_SinkWithoutItsSettingsOrBadAddress_StopsTheStart(string settings, string named)
    {
        var errors = Assert.IsType<BindOutcome.Refused>(SettingsBinder.Bind(Sources(Split(settings)))).Errors;

        Assert.Equal(named, string.Join('|', errors.Select(error => error.Split(' ', ':')[0])));
        Assert.DoesNotContain(errors, error => error.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void Bind_AddressOfASinkThatIsNotListed_IsWarnedOf()
    {
        var bound = Assert.IsType<BindOutcome.Bound>(SettingsBinder.Bind(Sources(("AUDIT_SINKS", "file"), ("AUDIT_WEBHOOK_URL", "https://audit.example"))));

        Assert.Contains("does not list webhook", Assert.Single(bound.Settings.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:4318", "", false)]
    [InlineData("http://127.0.0.1:4317", "", true)]
    [InlineData("http://127.0.0.1:4318", "grpc", true)]
    [InlineData("http://127.0.0.1:4317", "http/protobuf", false)]
    public void Bind_Otlp_ChoosesTheProtocolByPortUnlessTold(string endpoint, string protocol, bool usesGrpc) => Assert.Equal(
        new OtlpSettings(new Uri(endpoint), usesGrpc), Bind(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)).Otlp);

    private static (string Name, string Value)[] Split(string settings) =>
        [.. settings.Split(' ').Select(setting => (setting[..setting.IndexOf('=', StringComparison.Ordinal)], setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..]))];

    private SignalSettings Bind(params (string Name, string Value)[] environment) =>
        Assert.IsType<BindOutcome.Bound>(SettingsBinder.Bind(Sources(environment))).Settings.Signals;

    private SettingSources Sources(params (string Name, string Value)[] environment)
    {
        var variables = environment.ToDictionary(setting => setting.Name, setting => setting.Value);
        variables["HOME"] = _home.Path;
        return SettingSources.Load(new Dictionary<string, string>(), variables);
    }
}
