using System.Text;

namespace ConversationHub.Testing.Network;

/// <summary>The ways a service can treat a request, one factory each. What cannot be said per request (refusing connections) is in <see cref="ChaosProxy"/>.</summary>
public static class Chaos
{
    private const int MaxHeaderLines = 100_000;

    /// <summary>The connection is accepted, nothing is ever read or answered.</summary>
    public static ChaosBehaviour Blackhole { get; } = new(
        nameof(Blackhole), ReadsRequest: false, (exchange, stop) => exchange.WaitForClientToCloseAsync(stop));

    /// <summary>Reset while the request lies unread: it cannot have run.</summary>
    public static ChaosBehaviour ResetBeforeRead { get; } = Unread(nameof(ResetBeforeRead), exchange => exchange.Reset());

    /// <summary>The request is read, then silence.</summary>
    public static ChaosBehaviour StallBeforeHeaders { get; } = new(
        nameof(StallBeforeHeaders), ReadsRequest: true, (exchange, stop) => exchange.WaitForClientToCloseAsync(stop));

    /// <summary>The request is read, then the connection is reset.</summary>
    public static ChaosBehaviour ResetAfterRead { get; } = Read(nameof(ResetAfterRead), exchange => exchange.Reset());

    /// <summary>The request is read, then the connection is closed in good order without a byte of reply.</summary>
    public static ChaosBehaviour CloseAfterRead { get; } = Read(nameof(CloseAfterRead), exchange => exchange.Close());

    /// <summary>Status, headers and the first <paramref name="bodyBytes"/> of the body, then silence.</summary>
    public static ChaosBehaviour StallAfterHeaders(CannedResponse response, int bodyBytes = 0) => new(
        nameof(StallAfterHeaders), ReadsRequest: true, async (exchange, stop) =>
        {
            await WritePartAsync(exchange, response, bodyBytes, stop);
            await exchange.WaitForClientToCloseAsync(stop);
        });

    /// <summary>Half a body, then a close in good order (or a reset).</summary>
    public static ChaosBehaviour Truncate(CannedResponse response, int bodyBytes, bool reset = false) => new(
        reset ? "TruncateWithReset" : nameof(Truncate), ReadsRequest: true, async (exchange, stop) =>
        {
            await WritePartAsync(exchange, response, bodyBytes, stop);
            if (reset)
                exchange.Reset();
            else
                exchange.Close();
        });

    /// <summary>As <see cref="Truncate"/>, but the end comes when the test lets it.</summary>
    public static ChaosBehaviour TruncateWhen(Task released, CannedResponse response, int bodyBytes, bool reset) => new(
        reset ? "TruncateWithResetWhen" : nameof(TruncateWhen), ReadsRequest: true, async (exchange, stop) =>
        {
            await WritePartAsync(exchange, response, bodyBytes, stop);
            await released.WaitAsync(stop);
            if (reset)
                exchange.Reset();
            else
                exchange.Close();
        });

    /// <summary>Bytes that are not HTTP, whatever was asked (a TLS client hello included), then a close.</summary>
    public static ChaosBehaviour Garbage(string bytes = "\u0001\u0002 220 mail.example.com ESMTP ready\r\n") => new(
        nameof(Garbage), ReadsRequest: false, async (exchange, stop) =>
        {
            await exchange.WriteAsync(Encoding.Latin1.GetBytes(bytes), stop);
            exchange.Close();
            await exchange.WaitForClientToCloseAsync(stop);
        });

    /// <summary>A good response, a byte or so many at a time, each time after <paramref name="pause"/>.</summary>
    public static ChaosBehaviour Drip(CannedResponse response, TimeSpan pause, TimeProvider time, int bytesAtATime = 1) => new(
        nameof(Drip), ReadsRequest: true, async (exchange, stop) =>
        {
            await exchange.WriteAsync(response.Head(), stop);
            foreach (var piece in response.Body.Chunk(bytesAtATime))
            {
                await Task.Delay(pause, time, stop);
                await exchange.WriteAsync(piece, stop);
            }
        });

    /// <summary>A status line and then headers without end, until the client has had enough.</summary>
    /// <exception cref="InvalidOperationException">The client took <see cref="MaxHeaderLines"/> of them.</exception>
    public static ChaosBehaviour EndlessHeaders { get; } = new(
        nameof(EndlessHeaders), ReadsRequest: true, async (exchange, stop) =>
        {
            await exchange.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), stop);
            var line = Encoding.Latin1.GetBytes($"X-More: {new string('x', 1_000)}\r\n");
            for (var i = 0; i < MaxHeaderLines; i++)
                await exchange.WriteAsync(line, stop);
            throw new InvalidOperationException($"The client took {MaxHeaderLines} header lines.");
        });

    /// <summary>A streamed reply (wire.md §2.1): the events, each after <paramref name="pause"/>, and then what <paramref name="end"/> does.</summary>
    /// <param name="end">One that reads, such as <see cref="CloseAfterRead"/>.</param>
    public static ChaosBehaviour Events(TimeSpan pause, TimeProvider time, ChaosBehaviour end, params string[] events) => new(
        $"{nameof(Events)}, then {end.Name}", ReadsRequest: true, async (exchange, stop) =>
        {
            await exchange.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"u8.ToArray(), stop);
            foreach (var one in events)
            {
                await Task.Delay(pause, time, stop);
                await exchange.WriteAsync(Encoding.UTF8.GetBytes(one), stop);
            }

            await end.RunAsync(exchange, stop);
        });

    /// <summary>A plain answer.</summary>
    public static ChaosBehaviour Respond(CannedResponse response) => new(
        $"{nameof(Respond)} {response.Status}", ReadsRequest: true, (exchange, stop) => exchange.RespondAsync(response, stop));

    /// <summary>A plain answer, given when the test lets it go, unless the client leaves before. The connection ends with it.</summary>
    public static ChaosBehaviour RespondWhen(Task released, CannedResponse response) => new(
        $"{nameof(RespondWhen)} {response.Status}", ReadsRequest: true, async (exchange, stop) =>
        {
            var gone = exchange.WaitForClientToCloseAsync(stop);
            if (await Task.WhenAny(released, gone) == released)
            {
                await exchange.RespondAsync(response with { Headers = [.. response.Headers, ("Connection", "close")] }, stop);
                exchange.Close();
            }

            await gone;
        });

    /// <summary>Whatever the upstream answers, byte by byte.</summary>
    public static ChaosBehaviour PassThrough(Uri upstream) => new(
        nameof(PassThrough), ReadsRequest: true, async (exchange, stop) =>
        {
            await exchange.WriteAsync(await exchange.AskUpstreamAsync(upstream, stop), stop);
            exchange.Close();
        });

    /// <summary>The upstream runs the request and its reply is lost: the client sees a reset.</summary>
    public static ChaosBehaviour PassThroughThenReset(Uri upstream) => new(
        nameof(PassThroughThenReset), ReadsRequest: true, async (exchange, stop) =>
        {
            await exchange.AskUpstreamAsync(upstream, stop);
            exchange.Reset();
        });

    /// <summary>Whatever the upstream answers, each piece as it comes.</summary>
    public static ChaosBehaviour Relay(Uri upstream) => new(nameof(Relay), ReadsRequest: true, (exchange, stop) => exchange.RelayAsync(
        upstream, long.MaxValue, () => Now(exchange.Close), stop));

    /// <summary>The first bytes of the upstream's reply, as they come, then a reset or a close in good order.</summary>
    public static ChaosBehaviour RelayThenCut(Uri upstream, int bytes, bool reset) => new(
        reset ? "RelayThenReset" : "RelayThenClose", ReadsRequest: true, (exchange, stop) => exchange.RelayAsync(
            upstream, bytes, () => Now(reset ? exchange.Reset : exchange.Close), stop));

    /// <summary>The first bytes of the upstream's reply, as they come, then silence, the upstream's connection being kept.</summary>
    public static ChaosBehaviour RelayThenStall(Uri upstream, int bytes) => new(nameof(RelayThenStall), ReadsRequest: true, (exchange, stop) =>
        exchange.RelayAsync(upstream, bytes, () => exchange.WaitForClientToCloseAsync(stop), stop));

    /// <summary>The upstream gets the request twice at once, as after a repeat below HTTP; one of the replies is passed on.</summary>
    public static ChaosBehaviour Twice(Uri upstream) => new(nameof(Twice), ReadsRequest: true, async (exchange, stop) =>
    {
        var replies = await Task.WhenAll(exchange.AskUpstreamAsync(upstream, stop), exchange.AskUpstreamAsync(upstream, stop));
        await exchange.WriteAsync(replies[1], stop);
        exchange.Close();
    });

    private static Task Now(Action act)
    {
        act();
        return Task.CompletedTask;
    }

    private static ChaosBehaviour Unread(string name, Action<ChaosExchange> act) => Sync(name, false, act);

    private static ChaosBehaviour Read(string name, Action<ChaosExchange> act) => Sync(name, true, act);

    private static ChaosBehaviour Sync(string name, bool readsRequest, Action<ChaosExchange> act) => new(name, readsRequest, (exchange, _) =>
    {
        act(exchange);
        return Task.CompletedTask;
    });

    private static Task WritePartAsync(ChaosExchange exchange, CannedResponse response, int bodyBytes, CancellationToken stop)
    {
        byte[] part = [.. response.Head(), .. response.Body.AsSpan(0, bodyBytes)];
        return exchange.WriteAsync(part, stop);
    }
}
