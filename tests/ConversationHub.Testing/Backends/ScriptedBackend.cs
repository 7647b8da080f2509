using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using ConversationHub.Testing.Network;

namespace ConversationHub.Testing.Backends;

/// <summary>
/// A Maestra backend as a client sees it, on a real socket: healthy, and answering every ask, until a test says
/// otherwise. Faults beneath HTTP are reached through <see cref="Proxy"/>.
/// </summary>
public sealed class ScriptedBackend : IAsyncDisposable
{
    private const string CorePath = "/api/maestra/core";
    private const string ConversationsPath = "/conversations";
    private const string LegacyPath = "/api/maestra/advisor/ask";

    private readonly Journal<RecordedRequest> _asks = new();
    private readonly Journal<RecordedRequest> _probes = new();
    private readonly ConcurrentQueue<Func<RecordedRequest, ChaosBehaviour>> _next = new();

    private ScriptedBackend(ChaosProxy proxy, string mode)
    {
        Proxy = proxy;
        OnHealth = _ => Chaos.Respond(CannedResponse.Json(200, MaestraReplies.Health(mode, proxy.Port)));
        OnAsk = ask => Chaos.Respond(CannedResponse.Json(200, ask.Path == CorePath
            ? MaestraReplies.Envelope(ask, mode)
            : MaestraReplies.Legacy(ask)));
        proxy.Route = Choose;
    }

    /// <summary>The socket side: refuse, hang, reset, and what reached it.</summary>
    public ChaosProxy Proxy { get; }

    public Uri Url => Proxy.Url;

    /// <summary>Answers <c>GET /health</c>.</summary>
    public Func<RecordedRequest, ChaosBehaviour> OnHealth { get; set; }

    /// <summary>Answers asks, old and new, for which <see cref="Next(ChaosBehaviour[])"/> has nothing.</summary>
    public Func<RecordedRequest, ChaosBehaviour> OnAsk { get; set; }

    /// <summary>Answers <c>GET /conversations</c> and what is below it; null: 404 without a problem code, as an earlier backend does.</summary>
    public Func<RecordedRequest, ChaosBehaviour>? OnRead { get; set; }

    /// <summary>Every request for conversations that was read, in order.</summary>
    public Journal<RecordedRequest> Reads { get; } = new();

    /// <summary>Every ask that was read, in order.</summary>
    public Journal<RecordedRequest> Asks => _asks;

    /// <summary>Every health probe that was read, in order.</summary>
    public Journal<RecordedRequest> Probes => _probes;

    /// <param name="mode"><c>local</c> or <c>cloud</c>: what it says of itself.</param>
    /// <param name="certificate">With one, it speaks TLS.</param>
    /// <param name="port">Where it listens; 0: on a free port.</param>
    public static ScriptedBackend Start(string mode = "local", X509Certificate2? certificate = null, int port = 0) =>
        new(ChaosProxy.Start(certificate: certificate, port: port), mode);

    /// <summary>Queues behaviours for the next asks, one each; probes do not use them up.</summary>
    public void Next(params ChaosBehaviour[] behaviours)
    {
        ArgumentNullException.ThrowIfNull(behaviours);
        foreach (var behaviour in behaviours)
            _next.Enqueue(_ => behaviour);
    }

    /// <summary>Queues canned replies for the next asks, one each.</summary>
    public void Next(params CannedResponse[] replies) => Next([.. replies.Select(Chaos.Respond)]);

    public ValueTask DisposeAsync() => Proxy.DisposeAsync();

    private ChaosBehaviour? Choose(RecordedRequest request)
    {
        switch (request.Path)
        {
            case "/health":
                _probes.Add(request);
                return OnHealth(request);
            case CorePath or LegacyPath:
                _asks.Add(request);
                return _next.TryDequeue(out var next) ? next(request) : OnAsk(request);
            case var path when path.StartsWith(ConversationsPath, StringComparison.Ordinal) && OnRead is { } answer:
                Reads.Add(request);
                return answer(request);
            default:
                return Chaos.Respond(CannedResponse.Problem(404, "not_found", "Not Found"));
        }
    }
}
