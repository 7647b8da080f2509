using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.McpHttp;

/// <summary>One client's session: the SDK's transport and the server on it, from the first message to <see cref="DisposeAsync"/>.</summary>
internal sealed class McpHttpSession : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly McpServer _server;
    private readonly Task _running;
    private int _disposed;
    private int _listened;
    private int _open;
    private long _lastUse;

    internal McpHttpSession(string id, bool stateless, McpServerOptions options, ILoggerFactory loggers, IServiceProvider services, TimeProvider time)
    {
        _time = time;
        options.Filters.Message.IncomingFilters.Add(EndThePostToo);
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

    /// <summary>Timestamp of its last use.</summary>
    internal long LastUse => Volatile.Read(ref _lastUse);

    /// <summary>A request begins; it ends with <see cref="Leave"/>.</summary>
    internal void Enter() => Interlocked.Increment(ref _open);

    /// <summary>True once: the transport has one stream for what is said unasked, and cannot open it anew.</summary>
    internal bool TryListen() => Interlocked.Exchange(ref _listened, 1) == 0;

    internal void Leave()
    {
        Volatile.Write(ref _lastUse, _time.GetTimestamp());
        Interlocked.Decrement(ref _open);
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
    }

    /// <summary>
    /// Around the handler of each request. The SDK ends the response to a POST when its answer is written, and so would leave open for
    /// ever that of a request which was cancelled: nothing is answered to it.
    /// </summary>
    private McpMessageHandler EndThePostToo(McpMessageHandler next) => async (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is not JsonRpcRequest request)
        {
            await next(context, cancellationToken);
            return;
        }

        Enter();
        try
        {
            await next(context, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            OpenPost.Of(request)?.EndUnanswered();
            throw;
        }
        finally
        {
            Leave();
        }
    };
}
