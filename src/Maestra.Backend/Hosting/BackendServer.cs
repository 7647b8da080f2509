using ConversationHub.Store;
using ConversationHub.Store.Postgres;
using Maestra.Backend.Audit;
using Maestra.Backend.Commands;
using Maestra.Backend.Costs;
using Maestra.Backend.Health;
using Maestra.Backend.Identity;
using Maestra.Backend.Listening;
using Maestra.Backend.Logging;
using Maestra.Backend.Providers;
using Maestra.Backend.Settings;
using Maestra.Backend.Stopping;

namespace Maestra.Backend.Hosting;

/// <summary>A running backend. What was opened is closed in the opposite order.</summary>
internal sealed class BackendServer : IAsyncDisposable
{
    /// <summary>Most stores are open by then, and are closed in order.</summary>
    private static readonly TimeSpan OpeningStopGrace = TimeSpan.FromSeconds(1);

    private readonly WebApplication _app;
    private readonly IConversationStore _store;
    private readonly ISharedRateWindows? _rateWindows;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly PortFile? _portFile;
    private readonly Signals _signals;
    private readonly string _backendId;

    private BackendServer(
        WebApplication app,
        IConversationStore store,
        ISharedRateWindows? rateWindows,
        ILoggerFactory loggers,
        Signals signals,
        BackendIdentity identity,
        PortFile? portFile,
        BoundAddress address)
    {
        _app = app;
        _store = store;
        _rateWindows = rateWindows;
        _signals = signals;
        _backendId = identity.Id;
        _loggers = loggers;
        _logger = loggers.CreateLogger<BackendServer>();
        _portFile = portFile;
        Address = address;
    }

    public BoundAddress Address { get; }

    /// <summary>What the application is made of; tests look behind it.</summary>
    internal IServiceProvider Services => _app.Services;

    /// <summary>Every endpoint that is served; a test walks them.</summary>
    internal IReadOnlyList<Endpoint> Endpoints => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints;

    /// <summary>Identity, store, port, then the web application: nothing is bound before the store can take a question.</summary>
    public static async Task<StartOutcome> StartAsync(BackendSettings settings, BackendParts parts, CancellationToken cancellationToken)
    {
        var loggers = BackendLogging.CreateFactory(settings, parts);
        var identities = IdentityStores.Of(settings, parts.Time, loggers.CreateLogger<IdentityStore>());
        var outcome = await identities.LoadAsync(cancellationToken) switch
        {
            IdentityOutcome.Refused refused => new StartOutcome.Refused(ExitCode.StoreUnusable, refused.Reason),
            IdentityOutcome.Loaded loaded => await OpenStoreAsync(
                settings, parts, new IdentityBoard(identities, loaded.Keys, parts.Time, loggers.CreateLogger<IdentityBoard>()), loggers, cancellationToken),
            var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
        };
        if (outcome is not StartOutcome.Running)
            loggers.Dispose();
        return outcome;
    }

    /// <summary>Returns when a signal or its owner stops it.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_rateWindows is not null)
            await _rateWindows.DisposeAsync();
        await _store.DisposeAsync();
        _signals.Audit.Trail.Record(new AuditEvent(AuditEventName.Shutdown, AuditOutcome.Ok, AuditEvent.System, _backendId));
        await _signals.DisposeAsync();
        _logger.Stopped();
        _loggers.Dispose();
    }

    private static async Task<StartOutcome> OpenStoreAsync(
        BackendSettings settings, BackendParts parts, IdentityBoard identity, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var options = new StoreOptions
        {
            Root = settings.ConversationRoot,
            BackendId = identity.Current.Current.Id,
            Namespace = settings.Mode == BackendMode.Local ? StoreNamespace.Shared : StoreNamespace.PerUser,
            ImportOwner = settings.ImportOwner,
            KeepsSearchIndex = settings.KeepsSearchIndex,
            DatabaseMemory = new DatabaseMemoryFile(settings.StateRoot, loggers.CreateLogger<DatabaseMemoryFile>()),
        };
        var logger = loggers.CreateLogger<IConversationStore>();
        var opening = settings.Database is { } database
            ? await StoreOpener.OpenPostgresAsync(options, database, parts.Time, parts.Ids, logger, cancellationToken)
            : await OpenLogAsync(parts, options, logger, cancellationToken);
        switch (opening)
        {
            case StoreOpening.Refused refused:
                return new StartOutcome.Refused(ExitCode.StoreUnusable, refused.Reason);
            case StoreOpening.Opened opened:
                StartOutcome? outcome = null;
                try
                {
                    return outcome = await CountCostsAsync(settings, parts, identity, opened, loggers, cancellationToken);
                }
                finally
                {
                    if (outcome is not StartOutcome.Running)
                        await opened.Store.DisposeAsync();
                }

            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    /// <summary>Reading a large log takes a while and heeds no token: a start that is stopped meanwhile leaves it behind, and its end to the process.</summary>
    private static async Task<StoreOpening> OpenLogAsync(BackendParts parts, StoreOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        var opening = Task.Factory.StartNew(
            () => parts.OpenStore(options, logger), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return await opening.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            try
            {
                return await opening.WaitAsync(OpeningStopGrace, parts.Time, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw;
            }
        }
    }

    private static async Task<StartOutcome> CountCostsAsync(
        BackendSettings settings, BackendParts parts, IdentityBoard identity, StoreOpening.Opened opened, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var (costs, refusal) = await AdvisorMaker.OpenLedgerAsync(settings, opened.Store, parts.Time, parts.Ids, cancellationToken);
        return costs is null
            ? new StartOutcome.Refused(ExitCode.StoreUnusable, refusal!)
            : await ListenAsync(settings, parts, identity, opened, costs, loggers, cancellationToken);
    }

    private static async Task<StartOutcome> ListenAsync(
        BackendSettings settings, BackendParts parts, IdentityBoard identity, StoreOpening.Opened opened, ICostLedger costs, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var (signals, unwritable) = await Signals.OpenAsync(settings, parts, identity.Current.Current.Identity, loggers.CreateLogger<Signals>());
        if (signals is null)
            return new StartOutcome.Refused(ExitCode.StoreUnusable, unwritable!);
        switch (PortChooser.Bind(settings.Host, PortChooser.Candidates(settings.Port)))
        {
            case PortOutcome.Refused refused:
                await signals.DisposeAsync();
                return new StartOutcome.Refused(ExitCode.NoPort, refused.Reason);
            case PortOutcome.Bound bound:
                var address = new BoundAddress(bound.EndPoint.Address.ToString(), bound.EndPoint.Port);
                var rateWindows = settings is { Database: { } database, RateLimit.Limit: not null }
                    ? PostgresRateWindows.Open(database, parts.Time, loggers.CreateLogger<ISharedRateWindows>())
                    : null;
                var app = BackendApp.Build(settings, parts, identity, opened, rateWindows, costs, loggers, signals, bound);
                if (!await TryStartAsync(app, cancellationToken))
                {
                    await app.DisposeAsync();
                    if (rateWindows is not null)
                        await rateWindows.DisposeAsync();
                    await signals.DisposeAsync();
                    return new StartOutcome.Stopped();
                }

                var portFile = settings.Mode == BackendMode.Local ? new PortFile(settings.PortFile) : null;
                var server = new BackendServer(app, opened.Store, rateWindows, loggers, signals, identity.Current.Current.Identity, portFile, address);
                server.Announce(settings, identity.Current.Current.Identity, opened);
                return new StartOutcome.Running(server);
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    /// <returns>False when a signal, or its owner, stopped it meanwhile.</returns>
    private static async Task<bool> TryStartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested || cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Announce(BackendSettings settings, BackendIdentity identity, StoreOpening.Opened store)
    {
        if (_portFile?.Write(Address.Port) is { } reason)
            _logger.PortFileFailed(reason);
        _app.Services.GetRequiredService<Drain>().Begun.Register(Withdraw);
        _app.Lifetime.ApplicationStopping.Register(Withdraw);
        var start = _app.Services.GetRequiredService<ProcessStart>();
        var time = _app.Services.GetRequiredService<TimeProvider>();
        _signals.Meter.ObserveProcess(() => time.GetElapsedTime(start.Timestamp).TotalSeconds, () => _store.Status.Conversations);
        foreach (var warning in settings.Warnings)
            _logger.SettingWarned(warning);
        var status = _store.Status;
        var advisor = _app.Services.GetRequiredService<Advisors.IAdvisor>();
        _logger.Started(
            ProgramVersion.Text, settings.ModeName, Address.Host, Address.Port, status.Kind, status.Conversations, identity.Id, advisor.Provider);
        _signals.Announce(settings, identity, store);
    }

    /// <summary>Before anything else stops: no hub is to find a backend that is going away. Called once the drain begins, and again, without harm, at the stop.</summary>
    private void Withdraw()
    {
        _signals.Withdraw(_backendId);
        if (_portFile?.Remove(Address.Port) is { } reason)
            _logger.PortFileFailed(reason);
    }
}
