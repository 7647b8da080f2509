using ConversationHub.Store;
using Maestra.Backend.Alerts;
using Maestra.Backend.Audit;
using Maestra.Backend.Conversations;
using Maestra.Backend.Health;
using Maestra.Backend.Identity;
using Maestra.Backend.Metrics;
using Maestra.Backend.Settings;
using Maestra.Backend.Telemetry;

namespace Maestra.Backend.Hosting;

/// <summary>All that the backend tells about itself, opened before it listens and closed after it has stopped.</summary>
internal sealed class Signals : IAsyncDisposable
{
    private readonly AlertBoard? _alertBoard;
    private readonly DependencyPatrol _patrol;
    private readonly OtlpExport? _otlp;
    private int _isWithdrawn;

    private Signals(
        BackendMeter meter, MetricsBoard board, AuditParts audit, MetricsFile? file, SignalSettings settings, string backendId, TimeProvider time, ILogger logger)
    {
        (Meter, Board, Audit, File) = (meter, board, audit, file);
        Dependencies = new DependencyBoard(settings);
        _patrol = new DependencyPatrol(settings, Dependencies, time);
        _otlp = settings.Otlp is { } otlp ? new OtlpExport(otlp, backendId) : null;
        _alertBoard = settings.SlackWebhook is { } webhook ? new AlertBoard(webhook, time, logger) : null;
    }

    public BackendMeter Meter { get; }

    public MetricsBoard Board { get; }

    public AuditParts Audit { get; }

    /// <summary>Null when none is written.</summary>
    public MetricsFile? File { get; }

    public IAlerts Alerts => (IAlerts?)_alertBoard ?? new NoAlerts();

    public DependencyBoard Dependencies { get; }

    /// <returns>Null, and why, when a file that the settings name cannot be written.</returns>
    public static async Task<(Signals? Opened, string? Refused)> OpenAsync(
        BackendSettings settings, BackendParts parts, BackendIdentity identity, ILogger logger)
    {
        var meter = new BackendMeter();
        var board = new MetricsBoard(meter);
        var audit = AuditOpener.TryOpen(settings.Signals.Audit, parts.OpenOutput, meter, parts.Ids, parts.Time, logger, out var refused);
        if (audit is null)
            return (null, refused);
        MetricsFile? file = null;
        if (settings.Signals.MetricsFile is { } path)
        {
            file = MetricsFile.TryOpen(path, parts.Time, logger, out refused);
            if (file is null)
            {
                await audit.DisposeAsync();
                return (null, refused);
            }
        }

        return (new Signals(meter, board, audit, file, settings.Signals, identity.Id, parts.Time, logger), null);
    }

    public void Register(IServiceCollection services)
    {
        services.AddSingleton(Meter);
        services.AddSingleton(Board);
        services.AddSingleton(Audit);
        services.AddSingleton<IAuditTrail>(Audit.Trail);
        services.AddSingleton(Alerts);
        services.AddSingleton(Dependencies);
        services.AddSingleton(provider => new AskReporter(
            Meter, File, Alerts, provider.GetRequiredService<BackendIdentity>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ArchiveAudit>();
        services.AddSingleton<IArchiveObserver>(static provider => provider.GetRequiredService<ArchiveAudit>());
        services.AddSingleton(provider => new MetricsEraser(
            File, provider.GetRequiredService<IConversationStore>() as IErasureFeed, provider.GetRequiredService<IdentityBoard>(), provider.GetRequiredService<BackendSettings>()));
        services.AddSingleton<IArchiveObserver>(static provider => provider.GetRequiredService<MetricsEraser>());
        services.AddSingleton<MetricsEndpoint>();
        services.AddSingleton<ProbeEndpoints>();
    }

    /// <summary>Outermost, so that it measures and counts what every other part answers.</summary>
    public static void Use(WebApplication app) => app.UseMiddleware<RequestMeter>();

    public static void Map(WebApplication app)
    {
        app.Services.GetRequiredService<MetricsEndpoint>().Map(app);
        app.Services.GetRequiredService<ProbeEndpoints>().Map(app);
    }

    /// <summary>The backend has started.</summary>
    public void Announce(BackendSettings settings, BackendIdentity identity, StoreOpening.Opened store)
    {
        Audit.Trail.Record(new AuditEvent(AuditEventName.Startup, AuditOutcome.Ok, AuditEvent.System, identity.Id)
        {
            Details = [AuditDetail.Of("mode", settings.ModeName), AuditDetail.Of("version", ProgramVersion.Text)],
        });
        _ = TellImportAsync(store);
        _ = TellDamageAsync(store);
        Alerts.Tell(new AlertSignal.Started(settings.ModeName, ProgramVersion.Text, identity.Id));
    }

    /// <summary>The stop has begun.</summary>
    public void Withdraw(string backendId)
    {
        if (Interlocked.Exchange(ref _isWithdrawn, 1) == 0)
            Alerts.Tell(new AlertSignal.Stopping(backendId));
    }

    private async Task TellImportAsync(StoreOpening.Opened store)
    {
        if (await store.Import is { } import && (import.Imported > 0 || import.Damaged.Count > 0))
            Audit.Trail.Record(ImportAudit.Of(import));
    }

    private async Task TellDamageAsync(StoreOpening.Opened store)
    {
        // Where it lies is in the log: the name of a file says nothing to whoever reads the audit.
        await store.Damaged;
        Audit.Trail.Record(new AuditEvent(AuditEventName.StoreDamaged, AuditOutcome.Failed, AuditEvent.System, store.Store.Status.Kind));
    }

    public async ValueTask DisposeAsync()
    {
        // At once: each may wait some seconds for a dead receiver, and one after the other they would outlast the 30 s of a stop.
        await Task.WhenAll(
            Audit.DisposeAsync().AsTask(),
            _patrol.DisposeAsync().AsTask(),
            _alertBoard?.DisposeAsync().AsTask() ?? Task.CompletedTask,
            File?.DisposeAsync().AsTask() ?? Task.CompletedTask,
            _otlp?.DisposeAsync().AsTask() ?? Task.CompletedTask);
        Board.Dispose();
        Meter.Dispose();
    }
}
