using System.Net;
using System.Net.Sockets;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>Passes connections on to a port of this machine and counts the bytes of both directions: all that HTTP puts on the wire, headers included.</summary>
internal sealed class CountingRelay : IAsyncDisposable
{
    private const int ChunkBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private long _bytes;

    public CountingRelay(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public long Bytes => Interlocked.Read(ref _bytes);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token));
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
        try
        {
            await to.ConnectAsync(IPAddress.Loopback, _target, _stopping.Token);
            await Task.WhenAny(CopyAsync(from.GetStream(), to.GetStream()), CopyAsync(to.GetStream(), from.GetStream()));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The target is down: the caller sees its connection end.
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to)
    {
        var chunk = new byte[ChunkBytes];
        try
        {
            while (await from.ReadAsync(chunk, _stopping.Token) is > 0 and var read)
            {
                Interlocked.Add(ref _bytes, read);
                await to.WriteAsync(chunk.AsMemory(0, read), _stopping.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // One side has gone.
        }
    }
}
