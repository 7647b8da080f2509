using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Texts;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.McpHttp;

/// <summary>One client's session: the SDK's transport and the server on it, from the first message to <see cref="DisposeAsync"/>.</summary>
internal sealed class McpHttpSession : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Ending _ending;
    private readonly McpServer _server;
    private readonly Task _running;
    private int _disposed;
    private int _listened;
    private int _open;
    private long _lastUse;

    internal McpHttpSession(string id, bool stateless, McpServerOptions options, ILoggerFactory loggers, IServiceProvider services, TimeProvider time, CancellationToken hubStops)
    {
        _time = time;
        _ending = new Ending(time, hubStops);
        options.Filters.Message.IncomingFilters.Add(EndThePostToo);
        options.Filters.Request.CallToolFilters.Add(EndCallsInTime);
        options.Filters.Message.OutgoingFilters.Add(SendAnswersWhole);
        Id = id;
        Transport = new StreamableHttpServerTransport(loggers) { Stateless = stateless, SessionId = stateless ? null : id };
        _server = McpServer.Create(Transport, options, loggers, services);
        _lastUse = time.GetTimestamp();
        _running = _server.RunAsync(_stop.Token);
    }

    internal string Id { get; }

    internal StreamableHttpServerTransport Transport { get; }

    /// <summary>No request of it is being answered, nor worked on for a client that has gone.</summary>
    internal bool IsIdle => Volatile.Read(ref _open) == 0;

    /// <summary>Cancelled when it is about to end: nobody is to listen any more.</summary>
    internal CancellationToken Ends => _ending.Begun;

    /// <summary>Timestamp of its last use.</summary>
    internal long LastUse => Volatile.Read(ref _lastUse);

    /// <summary>A request begins; it ends with <see cref="Leave"/>.</summary>
    internal void Enter() => Interlocked.Increment(ref _open);

    /// <summary>True once: the transport has one stream for what is said unasked, and cannot open it anew.</summary>
    internal bool TryListen() => Interlocked.Exchange(ref _listened, 1) == 0;

    internal void Leave()
    {
        Volatile.Write(ref _lastUse, _time.GetTimestamp());
        if (Interlocked.Decrement(ref _open) == 0 && _ending.Why is not null)
            _idle.TrySetResult();
    }

    /// <summary>Ends it in order; nobody enters it any more. What is open is answered, or told that it will not be, before this returns.</summary>
    internal async Task EndAsync()
    {
        _ending.Begin(ProtocolTexts.SessionEnded);
        if (IsIdle)
            _idle.TrySetResult();
        try
        {
            await _idle.Task.WaitAsync(TimeSpan.FromSeconds(HttpLimits.DrainSeconds + HttpLimits.TellingSeconds), _time);
        }
        catch (TimeoutException)
        {
            // Whoever does not read what it is told, or is deaf to its end, is not waited for.
        }

        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        await Transport.DisposeAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // That is how it is told to end.
        }

        await _server.DisposeAsync();
        _stop.Dispose();
        _ending.Dispose();
    }

    /// <summary>
    /// Around the handler of each request:
    /// (1) the SDK ends the response to a POST when its answer is written, and so would leave open for ever that of a request which was
    /// cancelled, since nothing is answered to it;
    /// (2) what is not answered when the session ends is told so; a tool's call sees to it itself (<see cref="EndCallsInTime"/>), and the rest only reads.
    /// </summary>
    private McpMessageHandler EndThePostToo(McpMessageHandler next) => async (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is not JsonRpcRequest request)
        {
            await next(context, cancellationToken);
            return;
        }

        Enter();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Over);
        try
        {
            await next(context, request.Method == RequestMethods.ToolsCall ? cancellationToken : either.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // (1)
            OpenPost.Of(request)?.EndUnanswered();
            throw;
        }
        catch (OperationCanceledException) when (_ending.Over.IsCancellationRequested)
        {
            // (2)
            throw NothingRan(_ending.Why!);
        }
        finally
        {
            Leave();
        }
    };

    /// <summary>
    /// Around the work of each tool's call, the sending of its answer left out: the SDK sends nothing once its own token is cancelled, and the
    /// answer that comes as the time is over would be thrown away though its question ran.
    /// </summary>
    private McpRequestHandler<CallToolRequestParams, CallToolResult> EndCallsInTime(McpRequestHandler<CallToolRequestParams, CallToolResult> next) =>
        async (call, cancellationToken) =>
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Over);
            try
            {
                return await next(call, either.Token);
            }
            catch (OperationCanceledException cancelled) when (!cancellationToken.IsCancellationRequested && _ending.Over.IsCancellationRequested)
            {
                throw cancelled is QuestionCancelledException question ? MayHaveRun(_ending.Why!, question) : NothingRan(_ending.Why!);
            }
        };

    /// <summary>A cancellation that comes while an answer is written must not cut it in two.</summary>
    private static McpMessageHandler SendAnswersWhole(McpMessageHandler next) => (context, cancellationToken) =>
        next(context, context.JsonRpcMessage is JsonRpcResponse or JsonRpcError ? CancellationToken.None : cancellationToken);

    private static McpProtocolException NothingRan(string why) =>
        new(ProtocolTexts.NothingRan(why), McpErrorCode.InternalError) { Data = { ["may_have_run"] = false } };

    private static McpProtocolException MayHaveRun(string why, QuestionCancelledException question) =>
        new(FailureTexts.GivenUp(why, question.Operation, question.Conversation), McpErrorCode.InternalError)
        {
            Data = { ["may_have_run"] = true, ["operation_id"] = question.Operation.ToString(), ["conversation_id"] = question.Conversation },
        };
}
