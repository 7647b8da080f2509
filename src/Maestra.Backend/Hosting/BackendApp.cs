using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Access;
using Maestra.Backend.Asks;
using Maestra.Backend.Conversations;
using Maestra.Backend.Costs;
using Maestra.Backend.Erasures;
using Maestra.Backend.Health;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Keys;
using Maestra.Backend.Listening;
using Maestra.Backend.LocalOnly;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;
using Maestra.Backend.Providers;
using Maestra.Backend.Retention;
using Maestra.Backend.Settings;
using Maestra.Backend.Stopping;
using Maestra.Backend.Streaming;
using Maestra.Backend.Sync;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Maestra.Backend.Hosting;

/// <summary>Puts the web application together.</summary>
internal static class BackendApp
{
    /// <summary>Larger than the limits of wire.md §1.2, so that a request just beyond those is answered with a problem; beyond these with a bare status.</summary>
    private const int ServerRequestLineBytes = 4 * WireLimits.RequestLineBytes;

    private const int ServerHeaderBytes = 4 * WireLimits.HeaderBytes;

    /// <summary>Asks are drained before; this is for the other requests.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    public static WebApplication Build(
        BackendSettings settings,
        BackendParts parts,
        IdentityBoard identity,
        StoreOpening.Opened opened,
        ISharedRateWindows? rateWindows,
        ICostLedger costs,
        ILoggerFactory loggers,
        Signals signals,
        PortOutcome.Bound bound)
    {
        // Empty: the framework's own builders read appsettings.json of the folder the program is started in, watch that whole tree,
        // and take ASPNETCORE_* and Kestrel__* from the environment. Settings come from SettingSources and nowhere else.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = Environments.Production,
        });
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        Listen(builder, bound, parts.Connections ?? ConnectionLimits.For(settings.Mode));

        builder.Services.AddSingleton(loggers);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddSingleton(settings);
        foreach (var observer in parts.Observers)
            builder.Services.AddSingleton(observer);
        signals.Register(builder.Services);
        builder.Services.AddSingleton(parts.Time);
        builder.Services.AddSingleton(new StreamOpener(parts.Time, parts.Heartbeats));
        builder.Services.AddSingleton(parts.Ids);
        builder.Services.AddSingleton(identity.Current.Current.Identity);
        builder.Services.AddErasures(opened.Store);
        builder.Services.AddPeers(settings, identity);
        builder.Services.AddSingleton(opened.Store);
        builder.Services.AddSingleton(opened.Archive);
        builder.Services.AddSingleton(opened.Leases);
        builder.Services.AddSync(opened.Store as ISyncStore, begins: settings.Advisor is not AdvisorSettings.Test);
        builder.Services.AddSingleton(new BoundAddress(bound.EndPoint.Address.ToString(), bound.EndPoint.Port));
        builder.Services.AddSingleton(new ProcessStart(parts.Time.GetTimestamp()));
        builder.Services.AddSingleton(costs);
        builder.Services.AddAdvisor(settings, parts.Advisor);
        AddAccess(builder.Services, settings, rateWindows);
        builder.Services.AddSingleton(Gate(settings.Mode));
        builder.Services.AddSingleton<Drain>();
        builder.Services.AddSingleton<IHostLifetime, DrainLifetime>();
        builder.Services.AddSingleton<RunningAsks>();
        builder.Services.AddSingleton<LeasedAnswer>();
        builder.Services.AddSingleton<AskFlow>();
        builder.Services.AddSingleton<AskEndpoints>();
        builder.Services.AddSingleton<ConversationEndpoints>();
        if (settings.Retention is { } retention && opened.Store is IRetentionStore retaining)
            builder.Services.AddSingleton(retention).AddSingleton(settings.Sync).AddSingleton(retaining).AddSingleton<RetentionRounds>().AddHostedService(static provider => provider.GetRequiredService<RetentionRounds>());
        builder.Services.AddSingleton<SearchEndpoint>();
        builder.Services.AddSingleton(provider => new LocalOnlyMarks(
            settings.Mode == BackendMode.Local ? Path.Combine(Path.GetDirectoryName(settings.PortFile)!, LocalOnlyMark.FolderName) : null,
            folder => LocalOnlyMark.Backend(folder, settings.StateRoot, settings.ConversationRoot, opened.Born),
            opened.Store as IKeptConversations,
            provider.GetRequiredService<ILogger<LocalOnlyMarks>>()));
        builder.Services.AddHostedService(static provider => provider.GetRequiredService<LocalOnlyMarks>());
        builder.Services.AddSingleton<ChangeEndpoint>();
        builder.Services.AddSingleton<EraseEndpoints>();
        builder.Services.AddSingleton<IPeerExport, PeerExport>();
        builder.Services.AddSingleton<UserExport>();
        builder.Services.AddSingleton<ExportEndpoints>();
        builder.Services.AddSingleton<HealthReporter>();
        builder.Services.AddSingleton<HealthEndpoint>();

        var app = builder.Build();
        Signals.Use(app);
        app.Services.GetService<KeyFileWatch>();
        app.Services.GetRequiredService<BackendMeter>().ObserveCosts(() => new Metrics.CostTotals(costs.Totals.Today, costs.Totals.Month));
        app.UseMiddleware<Entry>();
        app.UseMiddleware<HostAndOriginGuard>();
        app.UseMiddleware<HttpsGuard>();
        app.UseMiddleware<KeyGuard>();
        app.UseMiddleware<RateLimitGuard>();
        app.UseMiddleware<OverloadGuard>();
        app.UseMiddleware<RequestGate>();
        app.UseMiddleware<ConversationPath>();
        app.UseRouting();
        Signals.Map(app);
        app.Services.GetRequiredService<HealthEndpoint>().Map(app);
        app.Services.GetRequiredService<AskEndpoints>().Map(app);
        app.Services.GetRequiredService<ConversationEndpoints>().Map(app);
        app.Services.GetRequiredService<SearchEndpoint>().Map(app);
        app.Services.GetRequiredService<ChangeEndpoint>().Map(app);
        app.Services.GetRequiredService<EraseEndpoints>().Map(app);
        app.Services.GetRequiredService<ExportEndpoints>().Map(app);
        app.MapPeers();
        app.MapSync();
        return app;
    }

    /// <summary>Who may ask, and how often.</summary>
    private static void AddAccess(IServiceCollection services, BackendSettings settings, ISharedRateWindows? rateWindows)
    {
        services.AddSingleton(new KeyBoard(settings.Keys.Ring));
        if (settings.Keys.File is not null)
            services.AddSingleton<KeyFileWatch>();
        services.AddSingleton<FailedKeys>();
        services.AddSingleton<AccessLog>();
        services.AddSingleton(BodyBudget.For(settings.Mode));
        services.AddSingleton(provider => new RateLimiter(new RateWindowTable(provider.GetRequiredService<TimeProvider>()), rateWindows));
    }

    /// <summary>The socket is bound and listens already: the server only accepts from it.</summary>
    private static void Listen(WebApplicationBuilder builder, PortOutcome.Bound bound, ConnectionLimits limits)
    {
        builder.WebHost.UseSockets(options =>
        {
            options.CreateBoundListenSocket = _ => bound.Socket;

            // A heartbeat reaches the socket on the thread that beats, without a place in the thread pool in between.
            options.UnsafePreferInlineScheduling = true;
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            limits.Apply(kestrel.Limits);
            kestrel.Limits.MaxRequestLineSize = ServerRequestLineBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = ServerHeaderBytes;

            // The body is bounded while it is read, where a refusal can be told as a problem.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(bound.EndPoint, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        });
    }

    private static AskGate Gate(BackendMode mode) => mode == BackendMode.Local
        ? new AskGate(AskGate.LocalRunning, AskGate.LocalWaiting)
        : new AskGate(AskGate.CloudRunning, AskGate.CloudWaiting);
}
