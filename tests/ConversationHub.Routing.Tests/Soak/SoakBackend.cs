using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Network;

namespace ConversationHub.Routing.Tests.Soak;

/// <summary>A backend on a real socket that fails most questions, each in another way, by the digits of the operation id.</summary>
internal sealed class SoakBackend : IAsyncDisposable
{
    private static readonly CannedResponse Good = CannedResponse.Json(200, MaestraReplies.Envelope("an answer", "main"));
    private static readonly CannedResponse Health = CannedResponse.Json(200, MaestraReplies.Health("local", 8825));
    private static readonly CannedResponse StreamingHealth = CannedResponse.Json(200, With(MaestraReplies.Health("local", 8825)));
    private static readonly string Done = $"event: done\ndata: {MaestraReplies.Envelope("an answer", "main").ToJsonString()}\n\n";

    /// <summary>Every fault as often as every other; good answers as often as all faults but four.</summary>
    private static readonly ChaosBehaviour[] Faults =
    [
        Chaos.ResetAfterRead,
        Chaos.CloseAfterRead,
        Chaos.Truncate(Good, bodyBytes: 20),
        Chaos.Truncate(Good, bodyBytes: 20, reset: true),
        Chaos.Respond(CannedResponse.Problem(500, ProblemCode.InternalError, "No")),
        Chaos.Respond(CannedResponse.Problem(503, ProblemCode.Overloaded, "No")),
        Chaos.Respond(CannedResponse.Problem(422, ProblemCode.InvalidRequest, "No")),
        Chaos.Respond(CannedResponse.Text(200, "<html>It works!</html>", "text/html")),
        Chaos.Respond(CannedResponse.Text(200, "{\"reply\":", "application/json")),
        Chaos.Respond(CannedResponse.Text(404, "not here")),
        Chaos.Respond(CannedResponse.Text(200, "{}", "application/json", ("Content-Encoding", "gzip"))),
    ];

    private readonly bool _streams;
    private readonly Random _random;
    private readonly ForgetfulServer _server;
    private readonly Lock _gate = new();

    public SoakBackend(int seed, bool streams)
    {
        _random = new Random(seed);
        _streams = streams;
        _server = new ForgetfulServer(Choose);
    }

    public ForgetfulServer Server => _server;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private ChaosBehaviour Choose(RecordedRequest request)
    {
        if (request.Path == Routes.Health)
            return Chaos.Respond(_streams ? StreamingHealth : Health);
        int draw;
        lock (_gate)
            draw = _random.Next(1_000);
        return draw switch
        {
            < 5 => Chaos.StallBeforeHeaders,
            < 10 => Chaos.StallAfterHeaders(Good, bodyBytes: 20),
            < 500 => Faults[draw % Faults.Length],
            _ when request.Header("Accept") == "text/event-stream" => Stream(draw),
            _ => Chaos.Respond(Good),
        };
    }

    /// <summary>One in five is cut before its end.</summary>
    private static ChaosBehaviour Stream(int draw) => Chaos.Events(
        TimeSpan.Zero,
        TimeProvider.System,
        Chaos.CloseAfterRead,
        draw % 5 == 0 ? ["event: heartbeat\ndata: {}\n\n"] : ["event: heartbeat\ndata: {}\n\n", Done]);

    private static JsonObject With(JsonObject health)
    {
        health["capabilities"] = new JsonArray("idempotency", "stream");
        return health;
    }
}
