using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.Mcp.Protocol;

/// <summary>
/// One client on one transport. <c>server/discover</c> is answered in a session of its own: the SDK takes a session for one of the newer era from
/// its first request on, and then refuses <c>initialize</c>, to which clients fall back whose probe was answered too late for them.
/// </summary>
internal sealed class HubSession : ITransport
{
    private readonly ITransport _client;
    private readonly Func<ITransport, McpServer> _newServer;
    private readonly McpServer _server;
    private Aside? _aside;

    /// <param name="client">Stays its owner's to dispose.</param>
    internal HubSession(ITransport client, HubFeatures features, ILoggerFactory loggers, IServiceProvider? services)
    {
        _client = client;
        MessageReader = new WithoutDiscovery(this, client.MessageReader);
        _newServer = transport => McpServer.Create(transport, HubServerOptions.Create(features), loggers, services);
        _server = _newServer(this);
    }

    public string? SessionId => _client.SessionId;

    public ChannelReader<JsonRpcMessage> MessageReader { get; }

    public Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default) => _client.SendMessageAsync(message, cancellationToken);

    /// <summary>Completes when the transport has no more messages.</summary>
    internal Task RunAsync(CancellationToken cancellationToken) => _server.RunAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_aside is not null)
            await _aside.EndAsync();
        await _server.DisposeAsync();
    }

    /// <summary>Called by the one reader of the messages.</summary>
    private void AnswerAside(JsonRpcMessage message) => (_aside ??= new Aside(_client, _newServer)).Take(message);

    /// <summary>The messages of the client but those that are answered aside. No hop more for the others.</summary>
    private sealed class WithoutDiscovery(HubSession session, ChannelReader<JsonRpcMessage> all) : ChannelReader<JsonRpcMessage>
    {
        public override Task Completion => all.Completion;

        public override bool TryRead(out JsonRpcMessage item)
        {
            while (all.TryRead(out item!))
            {
                if (item is not JsonRpcRequest { Method: RequestMethods.ServerDiscover })
                    return true;
                session.AnswerAside(item);
            }

            return false;
        }

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => all.WaitToReadAsync(cancellationToken);
    }

    /// <summary>A session that sees nothing but probes.</summary>
    private sealed class Aside : ITransport
    {
        private readonly Channel<JsonRpcMessage> _probes = Channel.CreateUnbounded<JsonRpcMessage>();
        private readonly CancellationTokenSource _stop = new();
        private readonly ITransport _client;
        private readonly McpServer _server;
        private readonly Task _running;

        internal Aside(ITransport client, Func<ITransport, McpServer> newServer)
        {
            _client = client;
            _server = newServer(this);
            _running = _server.RunAsync(_stop.Token);
        }

        public string? SessionId => _client.SessionId;

        public ChannelReader<JsonRpcMessage> MessageReader => _probes.Reader;

        internal void Take(JsonRpcMessage probe) => _probes.Writer.TryWrite(probe);

        public Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default) => _client.SendMessageAsync(message, cancellationToken);

        internal async Task EndAsync()
        {
            await _stop.CancelAsync();
            _probes.Writer.TryComplete();
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

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
