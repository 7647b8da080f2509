using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ConversationHub.Testing.Network;

/// <summary>
/// A wire below HTTP that passes bytes on to a port of this machine and, once <see cref="Break"/> was called, breaks most connections after so
/// many of them: cut, held up and then cut, or slow. The faults are drawn from one seed; which connection meets which depends on the machine.
/// </summary>
public sealed class ChaosWire : IAsyncDisposable
{
    private const int ChunkBytes = 16 * 1024;
    private const int MaxBytesBeforeAFault = 40_000;
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(40);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<int, Task> _serving = new();
    private readonly SortedDictionary<string, int> _drawn = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Random _random;
    private readonly Task _accepting;
    private CancellationTokenSource _connections = new();
    private int _target;
    private bool _isHealed = true;

    private ChaosWire(int seed)
    {
        _random = new Random(seed);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>How often each fault was drawn.</summary>
    public string Summary
    {
        get
        {
            lock (_gate)
                return string.Join(", ", _drawn.Select(one => $"{one.Key} {one.Value}"));
        }
    }

    public static ChaosWire Start(int seed) => new(seed);

    /// <summary>New connections go to this port from now on.</summary>
    public void LeadTo(int port)
    {
        lock (_gate)
            _target = port;
    }

    /// <summary>New connections meet faults from now on.</summary>
    public void Break()
    {
        lock (_gate)
            _isHealed = false;
    }

    /// <summary>From now on everything passes; what is open is cut first.</summary>
    public async Task HealAsync()
    {
        CancellationTokenSource open;
        lock (_gate)
        {
            _isHealed = true;
            (open, _connections) = (_connections, new CancellationTokenSource());
        }

        await open.CancelAsync();
        open.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await HealAsync();
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_serving.Values);
        _connections.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (var number = 0; ; number++)
                _serving[number] = ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(TcpClient caller)
    {
        using var from = caller;
        using var to = new TcpClient { NoDelay = true };
        from.NoDelay = true;
        CancellationTokenSource stop;
        int target;
        Fault fault;
        lock (_gate)
        {
            stop = CancellationTokenSource.CreateLinkedTokenSource(_connections.Token, _stopping.Token);
            target = _target;
            fault = Draw_NeedsLock();
        }

        using (stop)
        {
            try
            {
                await to.ConnectAsync(IPAddress.Loopback, target, stop.Token);
                await Task.WhenAny(CopyAsync(from.GetStream(), to.GetStream(), fault, stop.Token), CopyAsync(to.GetStream(), from.GetStream(), fault, stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // Nobody is there: the caller sees its connection end.
            }

            // Ends the copy of the other direction too.
            await stop.CancelAsync();
        }

        if (fault.IsBroken)
            from.LingerState = to.LingerState = new LingerOption(enable: true, seconds: 0);
    }

    private Fault Draw_NeedsLock()
    {
        if (_isHealed)
            return new Fault("healed", long.MaxValue, TimeSpan.Zero, TimeSpan.Zero);
        var bytes = _random.Next(1, MaxBytesBeforeAFault);
        var share = _random.NextDouble();
        var fault = _random.Next(10) switch
        {
            < 4 => new Fault("cut", bytes, TimeSpan.Zero, TimeSpan.Zero),
            < 6 => new Fault("held up, then cut", bytes, LongestHold * share, TimeSpan.Zero),
            < 8 => new Fault("slow, then cut", bytes, TimeSpan.Zero, LongestDelay * share),
            _ => new Fault("passed", long.MaxValue, TimeSpan.Zero, TimeSpan.Zero),
        };
        _drawn[fault.Name] = _drawn.GetValueOrDefault(fault.Name) + 1;
        return fault;
    }

    private static async Task CopyAsync(NetworkStream from, NetworkStream to, Fault fault, CancellationToken stop)
    {
        var chunk = new byte[ChunkBytes];
        try
        {
            while (await from.ReadAsync(chunk, stop) is > 0 and var read)
            {
                var passes = fault.Take(read);
                if (fault.Delay > TimeSpan.Zero)
                    await Task.Delay(fault.Delay, TimeProvider.System, stop);
                await to.WriteAsync(chunk.AsMemory(0, passes), stop);
                if (passes == read)
                    continue;
                await Task.Delay(fault.Hold, TimeProvider.System, stop);
                return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // One side has gone.
        }
    }

    /// <summary>What becomes of one connection; both directions count against its bytes.</summary>
    private sealed class Fault(string name, long bytes, TimeSpan hold, TimeSpan delay)
    {
        private long _left = bytes;

        public string Name => name;

        public TimeSpan Hold => hold;

        public TimeSpan Delay => delay;

        public bool IsBroken => Interlocked.Read(ref _left) < 0;

        /// <returns>How many of the bytes pass.</returns>
        public int Take(int count)
        {
            var left = Interlocked.Add(ref _left, -count);
            return left >= 0 ? count : (int)Math.Max(0, left + count);
        }
    }
}
