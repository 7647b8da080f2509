using ConversationHub.Contracts;
using Maestra.Backend.Metrics;
using Maestra.Backend.Outside;
using Maestra.Backend.Settings;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Maestra.Backend.Telemetry;

/// <summary>
/// Sends metrics (every minute and at the stop) and traces to an OpenTelemetry collector, behind queues of its own:
/// a collector that is slow or gone delays nothing, and loses what it did not take.
/// </summary>
internal sealed class OtlpExport : IAsyncDisposable
{
    private const int FlushMilliseconds = 2000;

    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;

    public OtlpExport(OtlpSettings settings, string backendId)
    {
        var resource = ResourceBuilder.CreateEmpty().AddService(
            WireFormat.ServiceName, serviceVersion: ProgramVersion.Text, serviceInstanceId: backendId);
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(BackendMeter.MeterName, MetricsBoard.StoreMeterName)
            .AddOtlpExporter(options => Configure(options, settings, "v1/metrics"))
            .Build();
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(BackendTracing.SourceName)
            .AddOtlpExporter(options => Configure(options, settings, "v1/traces"))
            .Build();
    }

    /// <summary>Sends what is left, for a bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        // Both block until they are done.
        await Task.WhenAll(Task.Run(() => _metrics.Shutdown(FlushMilliseconds)), Task.Run(() => _traces.Shutdown(FlushMilliseconds)));
        _metrics.Dispose();
        _traces.Dispose();
    }

    /// <param name="path">Of the signal, which gRPC has no need of (OTLP 1.x, "OTLP/HTTP Request").</param>
    private static void Configure(OtlpExporterOptions options, OtlpSettings settings, string path)
    {
        options.Protocol = settings.UsesGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        options.HttpClientFactory = () =>
        {
            var client = OutsideClient.Create();
            client.Timeout = TimeSpan.FromMilliseconds(options.TimeoutMilliseconds);
            return client;
        };
        options.Endpoint = settings.UsesGrpc ? settings.Endpoint : new Uri($"{settings.Endpoint.ToString().TrimEnd('/')}/{path}");
    }
}
