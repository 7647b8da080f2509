using System.Globalization;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Texts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.McpHttp;

/// <summary>
/// MCP's Streamable HTTP on the SDK's transport, one message a POST:
/// (1) who asks is checked before anything is read;
/// (2) the body is read by the code that reads lines of standard input, with the same refusals;
/// (3) a revision without sessions gets a server of its own for each request, an older one the session it names;
/// (4) the transport answers in the response to the POST, as events.
/// </summary>
internal sealed class McpEndpoint(
    Func<McpServerOptions> options, string? token, TimeProvider time, ILoggerFactory loggers, IServiceProvider services) : IAsyncDisposable
{
    internal const string Path = "/mcp";

    private const string EventStream = "text/event-stream";
    private const string Json = "application/json";

    private readonly McpHttpSessions _sessions = new();
    private readonly CancellationTokenSource _stops = new();
    private readonly HeldBody.Sum _bodies = new();

    internal async Task HandleAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";

        // (1)
        if (Refused(http.Request) is { } refusal)
        {
            if (refusal.Status == StatusCodes.Status401Unauthorized)
                http.Response.Headers.WWWAuthenticate = "Bearer";
            await RefuseAsync(http, refusal);
            return;
        }

        // What a POST says of its revision is looked at beside its body.
        if (http.Request.Method != "POST" && HeadersOf(http.Request).HasUnknownRevision)
        {
            await RefuseAsync(http, RequestHeaders.UnknownRevision(null));
            return;
        }

        switch (http.Request.Method)
        {
            case "POST":
                await PostAsync(http);
                break;
            case "GET":
                await ListenAsync(http);
                break;
            case "DELETE":
                await EndAsync(http);
                break;
            default:
                http.Response.Headers.Allow = "GET, POST, DELETE";
                await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status405MethodNotAllowed, ProtocolTexts.HttpMethods));
                break;
        }
    }

    /// <summary>The hub is being stopped: nothing new is taken, and what is open ends as at the end of its session.</summary>
    internal void Stop() => _stops.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _sessions.DisposeAsync();
        _stops.Dispose();
    }

    private HttpRefusal? Refused(HttpRequest request)
    {
        if (!CallerCheck.IsThisMachine(request.Headers.Host))
            return HttpRefusal.Invalid(StatusCodes.Status403Forbidden, ProtocolTexts.HostRefused);
        if (!CallerCheck.MayAsk(request.Headers.Origin))
            return HttpRefusal.Invalid(StatusCodes.Status403Forbidden, ProtocolTexts.OriginRefused);
        if (!CallerCheck.HasToken(request.Headers.Authorization, token))
            return HttpRefusal.Invalid(StatusCodes.Status401Unauthorized, ProtocolTexts.TokenRefused);
        if (_stops.IsCancellationRequested)
            return HttpRefusal.Invalid(StatusCodes.Status503ServiceUnavailable, ProtocolTexts.HubStops);
        return request.Path == Path ? null : HttpRefusal.Invalid(StatusCodes.Status404NotFound, ProtocolTexts.NoSuchPath);
    }

    private async Task PostAsync(HttpContext http)
    {
        if (!Accepts(http.Request, Json) || !Accepts(http.Request, EventStream))
        {
            await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status406NotAcceptable, ProtocolTexts.AcceptBoth));
            return;
        }

        if (http.Request.ContentType is not { } type || !type.Split(';')[0].Trim().Equals(Json, StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status415UnsupportedMediaType, ProtocolTexts.ContentIsJson));
            return;
        }

        if (http.Request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status415UnsupportedMediaType, ProtocolTexts.BodyIsPlain));
            return;
        }

        // (2)
        using var body = new HeldBody(_bodies);
        try
        {
            if (await body.ReadAsync(http.Request) is { } unread)
            {
                await RefuseAsync(http, unread);
                return;
            }
        }
        catch (BadHttpRequestException broken)
        {
            // The caller's doing, and no error of this program; who has gone is told nothing.
            if (!http.RequestAborted.IsCancellationRequested)
                await RefuseAsync(http, HttpRefusal.Invalid(broken.StatusCode, ProtocolTexts.BodyBroken));
            return;
        }

        var (message, unfit) = IncomingLine.Read(body.Bytes);
        if (message is null)
        {
            await RefuseAsync(http, HttpRefusal.Of(unfit ?? LineRefusal.Invalid(null, ProtocolTexts.NotJson)));
            return;
        }

        var headers = HeadersOf(http.Request);
        if (headers.Mismatch(message) is { } mismatch)
            await RefuseAsync(http, mismatch);
        else if (headers.IsStateless(message))
            await AnswerAloneAsync(http, headers, message);
        else
            await AnswerInSessionAsync(http, headers, message);
    }

    /// <summary>(3) without sessions.</summary>
    private async Task AnswerAloneAsync(HttpContext http, RequestHeaders headers, JsonRpcMessage message)
    {
        if (message is JsonRpcRequest { Method: RequestMethods.Initialize } handshake)
        {
            await RefuseAsync(http, HttpRefusal.NoSuchMethod(handshake.Id, ProtocolTexts.NoHandshake));
            return;
        }

        message.Context = new JsonRpcMessageContext { ProtocolVersion = headers.ProtocolVersion };
        Receipt.Note(message, time);
        await using var session = new McpHttpSession("", stateless: true, options(), loggers, services, time, _stops.Token);
        await AnswerAsync(http, session, message, HttpRefusal.StatusOf);
    }

    /// <summary>(3) with sessions.</summary>
    private async Task AnswerInSessionAsync(HttpContext http, RequestHeaders headers, JsonRpcMessage message)
    {
        McpHttpSession? session;
        if (headers.SessionId is { } id)
        {
            if (!_sessions.TryEnter(id, out session))
            {
                await RefuseAsync(http, HttpRefusal.NoSuchSession(ProtocolTexts.NoSuchSession));
                return;
            }
        }
        else if (message is not JsonRpcRequest { Method: RequestMethods.Initialize })
        {
            await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status400BadRequest, ProtocolTexts.SessionMissing, (message as JsonRpcRequest)?.Id));
            return;
        }
        else
        {
            session = new McpHttpSession(McpHttpSessions.NewId(), stateless: false, options(), loggers, services, time, _stops.Token);
            if (!await _sessions.TryAddAsync(session))
            {
                await session.DisposeAsync();
                http.Response.Headers.RetryAfter = HttpLimits.SessionRetrySeconds.ToString(CultureInfo.InvariantCulture);
                await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status503ServiceUnavailable, ProtocolTexts.TooManySessions));
                return;
            }
        }

        Receipt.Note(message, time);
        try
        {
            http.Response.Headers[RequestHeaders.SessionIdName] = session.Id;
            await AnswerAsync(http, session, message, static _ => StatusCodes.Status200OK);
        }
        finally
        {
            session.Leave();
        }
    }

    /// <summary>(4)</summary>
    private static async Task AnswerAsync(HttpContext http, McpHttpSession session, JsonRpcMessage message, Func<JsonRpcMessage?, int> statusOf)
    {
        var response = http.Response;
        StreamEvents(http);
        var post = OpenPost.For(message);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, post.Unanswered);
        try
        {
            var written = await session.Transport.HandlePostRequestAsync(
                message,
                response.Body,
                first =>
                {
                    if (!response.HasStarted)
                        response.StatusCode = statusOf(first);
                    return ValueTask.CompletedTask;
                },
                ended.Token);
            if (!written && !response.HasStarted)
            {
                response.ContentType = null;
                response.StatusCode = StatusCodes.Status202Accepted;
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client went away, or took the request back: nothing is to be told.
        }
    }

    /// <summary>What the server says unasked, in a session. The hub says nothing so, yet clients open the stream.</summary>
    private async Task ListenAsync(HttpContext http)
    {
        if (!Accepts(http.Request, EventStream))
        {
            await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status406NotAcceptable, ProtocolTexts.AcceptEvents));
            return;
        }

        if (HeadersOf(http.Request).SessionId is not { } id)
        {
            http.Response.Headers.Allow = "POST";
            await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status405MethodNotAllowed, ProtocolTexts.SessionMissing));
            return;
        }

        if (!_sessions.TryEnter(id, out var session))
        {
            await RefuseAsync(http, HttpRefusal.NoSuchSession(ProtocolTexts.NoSuchSession));
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, session.Ends);
        try
        {
            if (!session.TryListen())
            {
                // Not 409: clients that open it anew after a break take 405 as "there is none", and carry on.
                http.Response.Headers.Allow = "POST, DELETE";
                await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status405MethodNotAllowed, ProtocolTexts.OneStream));
                return;
            }

            http.Response.Headers[RequestHeaders.SessionIdName] = id;
            StreamEvents(http);
            await http.Response.Body.FlushAsync(ended.Token);
            await session.Transport.HandleGetRequestAsync(http.Response.Body, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client went away, or the session ends: nothing more is said.
        }
        finally
        {
            session.Leave();
        }
    }

    private async Task EndAsync(HttpContext http)
    {
        if (HeadersOf(http.Request).SessionId is not { } id)
            await RefuseAsync(http, HttpRefusal.Invalid(StatusCodes.Status400BadRequest, ProtocolTexts.SessionMissing));
        else if (!await _sessions.EndAsync(id))
            await RefuseAsync(http, HttpRefusal.NoSuchSession(ProtocolTexts.NoSuchSession));
        else
            http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static void StreamEvents(HttpContext http)
    {
        http.Response.ContentType = EventStream;
        http.Response.Headers.ContentEncoding = "identity";
        http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
    }

    private static async Task RefuseAsync(HttpContext http, HttpRefusal refusal)
    {
        http.Response.StatusCode = refusal.Status;
        http.Response.ContentType = Json;
        refusal.Error.WriteTo(http.Response.BodyWriter);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static bool Accepts(HttpRequest request, string type) => request.Headers.Accept
        .SelectMany(static line => (line ?? "").Split(','))
        .Any(part => part.AsSpan().Trim() is var range
            && (range.StartsWith(type, StringComparison.OrdinalIgnoreCase) || range.StartsWith("*/*", StringComparison.Ordinal)));

    private static RequestHeaders HeadersOf(HttpRequest request) => new(
        One(request, RequestHeaders.ProtocolVersionName),
        One(request, RequestHeaders.MethodName),
        One(request, RequestHeaders.NameName),
        One(request, RequestHeaders.SessionIdName));

    private static string? One(HttpRequest request, string name) =>
        request.Headers.TryGetValue(name, out var values) && values.Count > 0 ? values.ToString() : null;
}
