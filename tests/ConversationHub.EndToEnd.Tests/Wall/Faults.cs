using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>The ways a backend misbehaves, named for the rows that use them.</summary>
internal static class Faults
{
    /// <summary>The hub's bound is 8 MiB.</summary>
    private const int TooManyBytes = 9 * 1024 * 1024;

    private const string Conversation = "main";

    /// <summary>What clears a terminal, what ends a string, what turns the direction of writing, and a line of its own.</summary>
    private const string Hostile = "bad\u001b[2J\u0000 \u202Etxt\r\n{\"jsonrpc\":\"2.0\"}\u2028";

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);
    private static readonly CannedResponse Good = Envelope("an answer");

    public static Fault Fine { get; } = new(_ => Task.CompletedTask);

    // The connection.
    public static Fault Refuses { get; } = new(backend => backend.Proxy.RefuseAsync());

    public static Fault NeverAccepts { get; } = new(backend => backend.Proxy.HangConnectsAsync());

    public static Fault Blackhole { get; } = Whatever(Chaos.Blackhole);

    public static Fault ResetsUnread { get; } = Whatever(Chaos.ResetBeforeRead);

    public static Fault ResetsAfterReading { get; } = Asked(Chaos.ResetAfterRead);

    public static Fault ClosesAfterReading { get; } = Asked(Chaos.CloseAfterRead);

    public static Fault Garbage { get; } = Whatever(Chaos.Garbage());

    public static Fault PlainWhereTlsIsExpected { get; } = Whatever(Chaos.Garbage("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) with { Scheme = Uri.UriSchemeHttps };

    public static Fault TlsWherePlainIsExpected { get; } = Fine with { SpeaksTls = true };

    public static Fault UntrustedCertificate { get; } = Fine with { SpeaksTls = true, Scheme = Uri.UriSchemeHttps };

    // The reply.
    public static Fault HalfABody { get; } = Asked(Chaos.Truncate(Good, 20));

    public static Fault HalfABodyThenReset { get; } = Asked(Chaos.Truncate(Good, 20, reset: true));

    public static Fault EndlessHeaders { get; } = Asked(Chaos.EndlessHeaders);

    public static Fault HugeBody { get; } = Asked(Chaos.Respond(Envelope(new string('x', TooManyBytes))));

    public static Fault HugeChunkedBody { get; } = Asked(Chaos.Respond(Chunked(Envelope(new string('x', TooManyBytes)).Body)));

    public static Fault HugeError { get; } = Asked(Chaos.Respond(CannedResponse.Text(500, new string('x', TooManyBytes))));

    /// <summary>A refusal is one whatever its body holds: it must not become a reason to ask the next backend.</summary>
    public static Fault HugeRefusal { get; } = Asked(Chaos.Respond(CannedResponse.Text(401, new string('x', TooManyBytes))));

    public static Fault HalfARefusal { get; } = Asked(Chaos.Truncate(CannedResponse.Problem(401, "invalid_api_key", "Invalid API key"), 20));

    public static Fault CompressionBomb { get; } = Asked(Chaos.Respond(Zipped(new byte[64 * 1024 * 1024])));

    public static Fault ZippedAnswer { get; } = Asked(Chaos.Respond(Zipped(Good.Body)));

    public static Fault BadChunks { get; } = Asked(Chaos.Respond(new CannedResponse(
        200, "not a chunk size\r\n"u8.ToArray(), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))));

    public static Fault InvalidUtf8 { get; } = Asked(Chaos.Respond(Json([.. "{\"reply\":\""u8, 0xC3, 0x28, .. "\",\"mode\":\"advisor\",\"conversation_id\":\"main\"}"u8])));

    public static Fault HalfASurrogate { get; } = Asked(Chaos.Respond(Json("""{"reply":"\ud800","mode":"advisor","conversation_id":"main"}"""u8.ToArray())));

    public static Fault CutJson { get; } = Asked(Chaos.Respond(Json("""{"reply":"cut of"""u8.ToArray())));

    public static Fault DeepJson { get; } = Asked(Chaos.Respond(Json(Encoding.UTF8.GetBytes(
        $$"""{"reply":"deep","mode":"advisor","conversation_id":"main","artifacts":{{new string('[', 5_000)}}{{new string(']', 5_000)}}}"""))));

    public static Fault ControlCharactersInTheAnswer { get; } = Asked(Chaos.Respond(Envelope(Hostile)));

    public static Fault ControlCharactersInTheRefusal { get; } = Asked(Chaos.Respond(CannedResponse.Problem(422, "invalid_request", Hostile)));

    public static Fault WebPage { get; } = Asked(Chaos.Respond(CannedResponse.Text(200, "<html>It works!</html>", "text/html")));

    public static Fault AnotherJsonService { get; } = Asked(Chaos.Respond(Json("""{"hello":"world"}"""u8.ToArray())));

    public static Fault ErrorMode { get; } = Asked(Chaos.Respond(Json("""{"reply":"Provider down","mode":"error","conversation_id":"main","source":"local"}"""u8.ToArray())));

    public static Fault Bare(int status) => Asked(Chaos.Respond(CannedResponse.Text(status, "", "text/plain")));

    public static Fault Problem(int status, string code, params (string Name, string Value)[] headers) =>
        Asked(Chaos.Respond(CannedResponse.Problem(status, code, "In the backend's own words", headers)));

    /// <summary>Its health is answered, so that it is alive as long as there is time.</summary>
    public static Fault ProblemThatHangs(int status, string code, params (string Name, string Value)[] headers) =>
        Asked(Chaos.StallAfterHeaders(CannedResponse.Problem(status, code, "In the backend's own words", headers), bodyBytes: 5));

    /// <summary>To the same port under the name of another host, so that whoever follows is seen.</summary>
    public static Fault Redirect(int status) => new(backend =>
    {
        backend.OnAsk = _ => Chaos.Respond(CannedResponse.Text(status, "", "text/plain", ("Location", $"http://localhost:{backend.Proxy.Port}/thief")));
        return Task.CompletedTask;
    });

    // Time. The health request is answered unless it says otherwise.
    public static Fault SilentButAlive { get; } = Asked(Chaos.StallBeforeHeaders);

    public static Fault Silent { get; } = HealthToo(Chaos.StallBeforeHeaders);

    /// <summary>Answers its health until it is asked something, and nothing from then on.</summary>
    public static Fault FoundThenSilent { get; } = new(backend =>
    {
        backend.OnAsk = _ =>
        {
            backend.OnHealth = _ => Chaos.StallBeforeHeaders;
            return Chaos.StallBeforeHeaders;
        };
        return Task.CompletedTask;
    });

    public static Fault SilentAfterHeaders { get; } = HealthToo(Chaos.StallAfterHeaders(Good));

    public static Fault SilentInTheBody { get; } = HealthToo(Chaos.StallAfterHeaders(Good, bodyBytes: 20));

    public static Fault Drips { get; } = Asked(Chaos.Drip(Good, TimeSpan.FromMilliseconds(1), TimeProvider.System));

    public static Fault DripsTooSlowly { get; } = Asked(Chaos.Drip(Good, TimeSpan.FromMilliseconds(200), TimeProvider.System));

    /// <summary>Takes longer than a dead one is given, and its health hangs: only the pieces of its reply can tell.</summary>
    public static Fault DripsInSevenPieces { get; } = new(backend =>
    {
        backend.OnHealth = _ => Chaos.StallBeforeHeaders;
        backend.OnAsk = _ => Chaos.Drip(Good, Beat, TimeProvider.System, Good.Body.Length / 7);
        return Task.CompletedTask;
    });

    /// <summary>Answers only when it has been asked six times whether it is alive, which takes longer than a dead one is given.</summary>
    public static Fault SlowButAlive { get; } = new(backend =>
    {
        var askedSixTimes = backend.Probes.ItemAsync(6);
        backend.OnAsk = ask => Chaos.RespondWhen(askedSixTimes, CannedResponse.Json(200, MaestraReplies.Envelope(ask, "local")));
        return Task.CompletedTask;
    });

    // Health and work that disagree.
    public static Fault FineButSaysUnhealthy { get; } = Health(Chaos.Respond(CannedResponse.Json(503, new JsonObject { ["status"] = "unhealthy", ["brain_id"] = "maestra" })));

    public static Fault FineButHealthHangs { get; } = Health(Chaos.StallBeforeHeaders);

    /// <summary>Says so of itself, too.</summary>
    public static Fault AnotherServiceAltogether { get; } = new(backend =>
    {
        backend.OnHealth = _ => Chaos.Respond(CannedResponse.Text(200, """{"status":"healthy","service":"something-else"}""", "application/json"));
        backend.OnAsk = _ => Chaos.Respond(Json("""{"hello":"world"}"""u8.ToArray()));
        return Task.CompletedTask;
    });

    // Streamed replies, from a backend whose health request is answered once and then hangs: only the stream can tell.
    public static Fault StreamsSlowly { get; } = Streams(Chaos.CloseAfterRead, Enumerable.Repeat(Heartbeat, 6).Append(Done));

    public static Fault StreamStops { get; } = Streams(Chaos.StallBeforeHeaders, [Heartbeat, Delta]);

    public static Fault StreamIsCut { get; } = Streams(Chaos.CloseAfterRead, [Heartbeat, Delta]);

    public static Fault StreamIsReset { get; } = Streams(Chaos.ResetAfterRead, [Heartbeat, Delta]);

    public static Fault StreamEndsInAnError { get; } = Streams(Chaos.CloseAfterRead, [Heartbeat, Error(502, "provider_failed")]);

    public static Fault StreamEndsInARefusal { get; } = Streams(Chaos.CloseAfterRead, [Heartbeat, Error(410, "conversation_erased")]);

    public static Fault StreamOfGarbage { get; } = Streams(Chaos.CloseAfterRead, ["event: done\ndata: {\"reply\":\n\n"]);

    public static Fault EndlessStream { get; } = Streams(
        Chaos.CloseAfterRead, ["event: delta\ndata: {\"text\":\"", .. Enumerable.Repeat(new string('x', 1024 * 1024), 10)], TimeSpan.Zero);

    private static string Heartbeat => "event: heartbeat\ndata: {\"elapsed_ms\":500}\n\n";

    private static string Delta => "event: delta\ndata: {\"text\":\"an \"}\n\n";

    private static string Done => $"event: done\ndata: {MaestraReplies.Envelope("an answer", Conversation).ToJsonString()}\n\n";

    private static string Error(int status, string code) =>
        $"event: error\ndata: {{\"status\":{status},\"detail\":\"In the backend's own words\",\"code\":\"{code}\"}}\n\n";

    /// <summary>Whatever connects is treated so, health requests included.</summary>
    private static Fault Whatever(ChaosBehaviour behaviour) => new(backend =>
    {
        backend.Proxy.Behaviour = behaviour;
        return Task.CompletedTask;
    });

    private static Fault Asked(ChaosBehaviour behaviour) => new(backend =>
    {
        backend.OnAsk = _ => behaviour;
        return Task.CompletedTask;
    });

    private static Fault Health(ChaosBehaviour behaviour) => new(backend =>
    {
        backend.OnHealth = _ => behaviour;
        return Task.CompletedTask;
    });

    private static Fault HealthToo(ChaosBehaviour behaviour) => new(backend =>
    {
        backend.OnAsk = _ => behaviour;
        backend.OnHealth = _ => Chaos.StallBeforeHeaders;
        return Task.CompletedTask;
    });

    private static Fault Streams(ChaosBehaviour end, IEnumerable<string> events, TimeSpan? pause = null) => new(backend =>
    {
        var health = MaestraReplies.Health("local", backend.Proxy.Port);
        health["capabilities"] = new JsonArray("idempotency", "stream");
        backend.OnHealth = _ => backend.Probes.Snapshot().Count <= 1 ? Chaos.Respond(CannedResponse.Json(200, health)) : Chaos.StallBeforeHeaders;
        backend.OnAsk = _ => Chaos.Events(pause ?? Beat, TimeProvider.System, end, [.. events]);
        return Task.CompletedTask;
    });

    private static CannedResponse Envelope(string reply) => CannedResponse.Json(200, MaestraReplies.Envelope(reply, Conversation));

    private static CannedResponse Json(byte[] body) => new(200, body, ("Content-Type", "application/json"));

    private static CannedResponse Chunked(byte[] body) => new(
        200,
        [.. Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"), .. body, .. "\r\n0\r\n\r\n"u8],
        ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"));

    private static CannedResponse Zipped(byte[] body)
    {
        using var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Fastest))
            zip.Write(body);
        return new CannedResponse(200, zipped.ToArray(), ("Content-Type", "application/json"), ("Content-Encoding", "gzip"));
    }
}
