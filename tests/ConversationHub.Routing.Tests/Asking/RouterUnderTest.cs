using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Logging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Routing.Tests.Asking;

/// <summary>The router as the programs compose it, between two scripted backends on real sockets.</summary>
internal sealed class RouterUnderTest : IAsyncDisposable
{
    public const string Key = "mk_the-key-that-must-not-leak-to-anyone-else";

    private readonly ServiceProvider _services;

    public RouterUnderTest(Func<RoutingOptions, RoutingOptions>? change = null, Uri? local = null, Uri? cloud = null, TimeProvider? time = null)
    {
        Options = new RoutingOptions { LocalUrl = local ?? Local.Url, CloudUrl = cloud ?? Cloud.Url, ApiKey = Key };
        Options = change?.Invoke(Options) ?? Options;
        _services = new ServiceCollection()
            .AddSingleton(time ?? TimeProvider.System)
            .AddSingleton<ILoggerFactory>(Log)
            .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddRouting(Options)
            .BuildServiceProvider();
        Router = _services.GetRequiredService<IQuestionRouter>();
        Health = _services.GetRequiredService<IHealthReader>();
        Conversations = _services.GetRequiredService<IConversationReader>();
    }

    public ScriptedBackend Local { get; } = ScriptedBackend.Start("local");

    public ScriptedBackend Cloud { get; } = ScriptedBackend.Start("cloud");

    public CapturingLoggerFactory Log { get; } = new();

    public RoutingOptions Options { get; }

    public IQuestionRouter Router { get; }

    public Prober Prober => _services.GetRequiredService<Prober>();

    public IHealthReader Health { get; }

    public IConversationReader Conversations { get; }

    private IdSource Ids { get; } = new(TimeProvider.System);

    /// <summary>Not a setting of the product: the time after which a hung target ends a test.</summary>
    public static TimeSpan LongBudget { get; } = TimeSpan.FromSeconds(50);

    public Question NewQuestion(string message = "What changed?", TimeSpan? budget = null, Route? route = null, AskEndpoint endpoint = AskEndpoint.Core) => new()
    {
        Endpoint = endpoint,
        Body = Encoding.UTF8.GetBytes($$"""{"user_id":"ada","surface_id":"test","conversation_id":"main","session_id":"main","message":"{{message}}"}"""),
        OperationId = Ids.NewOperationId(),
        RequestId = Ids.NewRequestId(),
        Budget = budget ?? LongBudget,
        Route = route,
    };

    public Task<RoutingResult> AskAsync(Question? question = null, CancellationToken cancellationToken = default) =>
        Router.AskAsync(question ?? NewQuestion(), cancellationToken);

    /// <summary>Completes when the target's breaker has changed to the state.</summary>
    public Task BreakerAsync(TargetName target, BreakerState state) =>
        Log.Records.FirstAsync(record => record.Event.Id == 3000
            && record.Message.StartsWith($"Target {target.ToWire()} is now {state.ToWire()}:", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Local.DisposeAsync();
        await Cloud.DisposeAsync();
        Log.Dispose();
    }
}
