using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ConversationHub.Testing.Network;

/// <summary>As <see cref="ChaosProxy"/>, for very many requests: treats each as told, and keeps nothing of it but counts. Thread-safe.</summary>
public sealed class ForgetfulServer : IAsyncDisposable
{
    private const int Backlog = 512;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, Task> _serving = new();
    private readonly Func<RecordedRequest, ChaosBehaviour> _choose;
    private readonly Lock _gate = new();
    private readonly Task _accepting;
    private TaskCompletionSource? _drained;
    private long _accepted;
    private long _requests;
    private int _open;

    /// <param name="choose">Says how a request is treated. Called from many threads.</param>
    public ForgetfulServer(Func<RecordedRequest, ChaosBehaviour> choose)
    {
        _choose = choose;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(Backlog);
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");
        _accepting = AcceptAsync(_stop.Token);
    }

    public Uri Url { get; }

    /// <summary>Connections accepted so far.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>Requests read so far.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Connections that are open now.</summary>
    public int Open
    {
        get
        {
            lock (_gate)
                return _open;
        }
    }

    /// <summary>Completes when no connection is open.</summary>
    /// <exception cref="TimeoutException">One stayed open for <see cref="TestTimeouts.Signal"/>.</exception>
    public Task DrainedAsync()
    {
        lock (_gate)
        {
            if (_open == 0)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task.WaitAsync(TestTimeouts.Signal);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_serving.Values);
        _stop.Dispose();
    }

    private async Task AcceptAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(stop);
                var number = Interlocked.Increment(ref _accepted);
                lock (_gate)
                    _open++;
                var serving = ServeAsync(client, number, stop);
                _serving[number] = serving;
                _ = serving.ContinueWith(_ => _serving.TryRemove(number, out var _), TaskScheduler.Default);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket client, long number, CancellationToken stop)
    {
        try
        {
            using var socket = client;
            socket.NoDelay = true;
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            var reader = new HttpRequestReader(stream, (int)number);
            while (await reader.ReadAsync(stop) is { } request)
            {
                Interlocked.Increment(ref _requests);
                var exchange = new ChaosExchange(socket, stream, request);
                await _choose(request).RunAsync(exchange, stop);
                if (exchange.IsOver)
                    break;
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client left, or the server ends: both are what a soak is made of.
        }
        finally
        {
            lock (_gate)
            {
                if (--_open == 0)
                {
                    _drained?.TrySetResult();
                    _drained = null;
                }
            }
        }
    }
}
