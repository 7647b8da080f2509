using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Outside;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Health;

/// <summary>Probes the configured dependencies in the background, at once and then every 30 seconds, each within two (wire.md §5). No request ever waits for one.</summary>
internal sealed class DependencyPatrol : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);
    private const int MaxBodyBytes = 64 * 1024;

    private readonly IReadOnlyList<DependencySettings> _dependencies;
    private readonly DependencyBoard _board;
    private readonly TimeProvider _time;
    private readonly HttpClient _client = OutsideClient.Create();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    public DependencyPatrol(SignalSettings settings, DependencyBoard board, TimeProvider time)
    {
        _dependencies = [.. settings.Dependencies.Where(static dependency => dependency.Url is not null)];
        (_board, _time) = (board, time);
        _work = _dependencies.Count == 0 ? Task.CompletedTask : Task.Run(PatrolAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task PatrolAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.WhenAll(_dependencies.Select(ProbeAsync));
            await Task.Delay(Interval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ProbeAsync(DependencySettings dependency)
    {
        using var limit = new CancellationTokenSource(ProbeTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        var isHealthy = await IsHealthyAsync(dependency.Url!, either.Token);
        if (!_stop.IsCancellationRequested)
            _board.Set(dependency.Name, isHealthy);
    }

    private async Task<bool> IsHealthyAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode != System.Net.HttpStatusCode.OK)
                return false;
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MaxBodyBytes];
            var read = await body.ReadAtLeastAsync(buffer, MaxBodyBytes, throwOnEndOfStream: false, cancellationToken);
            using var report = JsonDocument.Parse(buffer.AsMemory(0, read));
            return report.RootElement.ValueKind == JsonValueKind.Object && report.RootElement.TryGetProperty("status", out var status)
                && status.ValueKind == JsonValueKind.String && status.ValueEquals(HealthStatus.Healthy);
        }
#pragma warning disable CA1031 // Whatever it is, the dependency cannot be relied upon, /health says so, and the patrol goes on.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }
}
