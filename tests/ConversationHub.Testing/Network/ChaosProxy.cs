using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace ConversationHub.Testing.Network;

/// <summary>
/// A service on a free loopback port that misbehaves as told, and tells what reached it. The behaviour is chosen anew
/// for each request, when its first byte can be read: what was queued with <see cref="Next"/>, else what
/// <see cref="Route"/> says, else <see cref="Behaviour"/>.
/// </summary>
/// <remarks>Thread-safe. Serves at most 262,144 connections in its life.</remarks>
public sealed class ChaosProxy : IAsyncDisposable
{
    private const int Backlog = 512;
    private const int MaxConnections = 262_144;
    private const int MaxFillers = 64;
    private static readonly TimeSpan BacklogProbe = TimeSpan.FromMilliseconds(200);

    private readonly X509Certificate2? _certificate;
    private readonly Journal<RecordedRequest> _requests = new();
    private readonly Journal<int> _connections = new();
    private readonly Journal<int> _closedByClient = new();
    private readonly Journal<Exception> _faults = new();
    private readonly ConcurrentQueue<ChaosBehaviour> _next = new();
    private readonly ConcurrentDictionary<int, Task> _serving = new();
    private readonly List<Socket> _fillers = [];
    private CancellationTokenSource _connectionsStop = new();
    private Socket _socket;
    private Task _accepting = Task.CompletedTask;

    private ChaosProxy(Socket socket, X509Certificate2? certificate)
    {
        _socket = socket;
        _certificate = certificate;
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        Url = new Uri($"{(certificate is null ? "http" : "https")}://127.0.0.1:{Port}");
    }

    public int Port { get; }

    public Uri Url { get; }

    /// <summary>What is done with requests for which nothing is queued. May be set at any time.</summary>
    public ChaosBehaviour Behaviour { get; set; } = Chaos.Respond(CannedResponse.Text(404, "no behaviour was set"));

    /// <summary>
    /// Chooses by what was asked; null leaves it to <see cref="Behaviour"/>. Not consulted while that one does not read
    /// requests, and only behaviours that do are of use here.
    /// </summary>
    public Func<RecordedRequest, ChaosBehaviour?>? Route { get; set; }

    /// <summary>Every request read, in the order of arrival.</summary>
    public IReadOnlyList<RecordedRequest> Requests => _requests.Snapshot();

    /// <summary>How many connections were accepted.</summary>
    public int Connections => _connections.Snapshot().Count;

    /// <summary>How many connections the client ended, and not this side.</summary>
    public int ClosedByClient => _closedByClient.Snapshot().Count;

    /// <summary>What went wrong inside the proxy, such as a request that is not HTTP. Empty in a sound test.</summary>
    public IReadOnlyList<Exception> Faults => _faults.Snapshot();

    /// <param name="behaviour">The first <see cref="Behaviour"/>.</param>
    /// <param name="certificate">With one, the service speaks TLS.</param>
    /// <param name="port">Where it listens; 0: on a free port.</param>
    public static ChaosProxy Start(ChaosBehaviour? behaviour = null, X509Certificate2? certificate = null, int port = 0)
    {
        var proxy = new ChaosProxy(Bind(port), certificate);
        if (behaviour is not null)
            proxy.Behaviour = behaviour;
        proxy.Accept();
        return proxy;
    }

    /// <summary>Queues behaviours, one for each of the next requests.</summary>
    public void Next(params ChaosBehaviour[] behaviours)
    {
        ArgumentNullException.ThrowIfNull(behaviours);
        foreach (var behaviour in behaviours)
            _next.Enqueue(behaviour);
    }

    /// <summary>The <paramref name="number"/>-th request (from 1), as soon as it was read.</summary>
    public Task<RecordedRequest> RequestAsync(int number) => _requests.ItemAsync(number);

    /// <summary>Completes when <paramref name="count"/> connections were accepted.</summary>
    public Task ConnectionAsync(int count) => _connections.ItemAsync(count);

    /// <summary>Completes when the client has ended <paramref name="count"/> connections.</summary>
    public Task ClosedByClientAsync(int count = 1) => _closedByClient.ItemAsync(count);

    /// <summary>Refuses connections from now on and drops those that are open, as if the process had been killed. The port stays ours.</summary>
    public async Task RefuseAsync()
    {
        await StopAsync();
        // Bound, yet not listening: the kernel refuses, and nobody else can take the port.
        _socket = Bind(Port);
    }

    /// <summary>Lets connection attempts hang without an answer: a listener whose backlog is full.</summary>
    public async Task HangConnectsAsync()
    {
        await StopAsync();
        _socket = Bind(Port);
        _socket.Listen(0);
        for (var i = 0; i < MaxFillers; i++)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _fillers.Add(filler);
            filler.Blocking = false;
            try
            {
                filler.Connect(new IPEndPoint(IPAddress.Loopback, Port));
            }
            catch (SocketException pending) when (pending.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // Asked of the kernel, which decides at once on loopback: however late this thread runs, a free place is not missed.
                if (!filler.Poll(BacklogProbe, SelectMode.SelectWrite))
                    return;
            }
        }

        throw new InvalidOperationException($"The backlog took {MaxFillers} connections and is still not full.");
    }

    /// <summary>Serves again, on the same port, after <see cref="RefuseAsync"/> or <see cref="HangConnectsAsync"/>.</summary>
    public async Task ListenAsync()
    {
        await StopAsync();
        _socket = Bind(Port);
        Accept();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _connectionsStop.Dispose();
    }

    // On Unix a socket that is bound again at once needs no option: .NET sets SO_REUSEADDR there.
    private static Socket Bind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private void Accept()
    {
        _socket.Listen(Backlog);
        _accepting = AcceptAsync(_socket, _connectionsStop.Token);
    }

    private async Task StopAsync()
    {
        await _connectionsStop.CancelAsync();
        _socket.Dispose();
        foreach (var filler in _fillers)
            filler.Dispose();
        _fillers.Clear();
        await _accepting;
        await Task.WhenAll(_serving.Values);
        _serving.Clear();
        _connectionsStop.Dispose();
        _connectionsStop = new CancellationTokenSource();
    }

    private async Task AcceptAsync(Socket listener, CancellationToken stop)
    {
        for (var i = 0; i < MaxConnections && !stop.IsCancellationRequested; i++)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync(stop);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            var number = _connections.Add(count => count);
            _serving[number] = ServeAsync(client, number, stop);
        }
    }

    private async Task ServeAsync(Socket client, int number, CancellationToken stop)
    {
        using var socket = client;
        socket.NoDelay = true;
        try
        {
            await using var stream = await OpenAsync(socket, stop);
            var reader = new HttpRequestReader(stream, number);
            while (await ExchangeAsync(socket, stream, reader, stop))
            {
            }
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Dropped from this side: a killed process resets what is open.
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception exception) when (exception is IOException or SocketException or AuthenticationException)
        {
            // A TLS handshake that fails is the client's doing too: it does not speak TLS, or does not trust us.
            _closedByClient.Add(number);
        }
        catch (Exception exception)
        {
            _faults.Add(exception);
        }
    }

    private async Task<Stream> OpenAsync(Socket socket, CancellationToken stop)
    {
        var plain = new NetworkStream(socket, ownsSocket: false);
        if (_certificate is null)
            return plain;
        var secured = new SslStream(plain);
        await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, stop);
        return secured;
    }

    private async Task<bool> ExchangeAsync(Socket socket, Stream stream, HttpRequestReader reader, CancellationToken stop)
    {
        // A peek leaves what comes unread: ResetBeforeRead needs it so. Under TLS the request may have been read already.
        var peekable = _certificate is null && !reader.HasMore;
        if (peekable && await socket.ReceiveAsync(new byte[1], SocketFlags.Peek, stop) == 0)
            throw new ClientGoneException();

        _next.TryDequeue(out var behaviour);
        var unread = behaviour ?? Behaviour;
        RecordedRequest? request = null;
        if (unread.ReadsRequest)
        {
            request = await reader.ReadAsync(stop) ?? throw new ClientGoneException();
            behaviour ??= Route?.Invoke(request);
            _requests.Add(request);
        }

        var exchange = new ChaosExchange(socket, stream, request);
        await (behaviour ?? unread).RunAsync(exchange, stop);
        return !exchange.IsOver;
    }
}
