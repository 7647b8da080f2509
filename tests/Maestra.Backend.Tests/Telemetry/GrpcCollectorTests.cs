using System.Collections.Concurrent;
using System.Text;
using Maestra.Backend.Tests.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Maestra.Backend.Tests.Telemetry;

/// <summary>Metrics and traces go to a collector that speaks gRPC over plain HTTP/2, as collectors on this machine do (OTLP 1.x, "OTLP/gRPC").</summary>
public sealed class GrpcCollectorTests : IAsyncLifetime
{
    private const string Metrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    private const string Traces = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    /// <summary>One uncompressed message of no bytes: an empty response object.</summary>
    private static readonly byte[] EmptyMessage = [0, 0, 0, 0, 0];

    private readonly ConcurrentQueue<(string Path, string? ContentType, string Body)> _calls = new();
    private WebApplication? _collector;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(options => options.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        _collector = builder.Build();
        _collector.Run(ExportAsync);
        await _collector.StartAsync();
    }

    public async Task DisposeAsync() => await _collector!.DisposeAsync();

    [Fact]
    public async Task Stop_AfterAQuestion_BothSignalsHaveArrived_T52()
    {
        var url = _collector!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await using (var backend = await TestBackend.StartLocalAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")))
            await backend.AskAsync(TestBackend.Question("private words"));

        var calls = _calls.ToArray();
        Assert.All(calls, call => Assert.StartsWith("application/grpc", call.ContentType, StringComparison.Ordinal));
        Assert.Contains(calls, call => call.Path == Metrics && call.Body.Contains("maestra_total_requests", StringComparison.Ordinal));
        Assert.Contains(calls, call => call.Path == Traces && call.Body.Contains("POST /api/maestra/core", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, call => call.Body.Contains("private words", StringComparison.Ordinal));
    }

    private async Task ExportAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        _calls.Enqueue((context.Request.Path, context.Request.ContentType, Encoding.Latin1.GetString(body.ToArray())));
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        await context.Response.Body.WriteAsync(EmptyMessage);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
