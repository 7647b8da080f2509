using System.Net;
using System.Net.Sockets;

namespace ConversationHub.Routing;

/// <summary>Opens the TCP connections to one target and names the cause when it cannot.</summary>
internal sealed class TargetConnector(TimeSpan connectTimeout, TimeProvider time)
{
    /// <summary>Set on a request to shorten its connect, for a direct try.</summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> ConnectTimeoutKey = new("connect-timeout");

    /// <exception cref="ConnectFailedException">With the outcome to tell.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var timeout = context.InitialRequestMessage.Options.TryGetValue(ConnectTimeoutKey, out var shorter) ? shorter : connectTimeout;
        // An address needs no resolver: on loopback the kernel then connects at once, however busy this process is.
        var isAddress = IPAddress.TryParse(context.DnsEndPoint.Host, out var address);
        EndPoint endpoint = isAddress ? new IPEndPoint(address!, context.DnsEndPoint.Port) : context.DnsEndPoint;
        var socket = NewSocket(address);
        try
        {
            var connecting = SocketConnect.StartAsync(socket, endpoint);
            if (!await EndsWithinAsync(connecting, timeout, cancellationToken).ConfigureAwait(false))
            {
                // The time is the network's: what the kernel has decided, and this process was too busy to notice, counts.
                if (!isAddress || !IsDecided(socket))
                    throw new ConnectFailedException(AttemptOutcome.ConnectTimeout, $"no connection within {timeout.TotalMilliseconds:0} ms", inner: null);
            }

            var error = await connecting.ConfigureAwait(false);
            if (error == SocketError.Success && !HasPeer(socket))
                error = SocketError.NotConnected;
            return error == SocketError.Success
                ? new NetworkStream(socket, ownsSocket: true)
                : throw new ConnectFailedException(OutcomeOf(error), DetailOf(error), inner: null);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Socket NewSocket(IPAddress? address)
    {
        try
        {
            return address is not null
                ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
                : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        }
        catch (SocketException none)
        {
            throw new ConnectFailedException(AttemptOutcome.Unreachable, DetailOf(none.SocketErrorCode), inner: null);
        }
    }

    /// <returns>False when the time is over first; the connect then ends when its socket is disposed, and nobody looks at how.</returns>
    private async ValueTask<bool> EndsWithinAsync(Task connecting, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await connecting.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>
    /// False when the peer has gone again already. The HTTP client asks for the same, and lets the socket's exception through as it is;
    /// once answered it is remembered.
    /// </summary>
    internal static bool HasPeer(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is not null;
        }
        catch (SocketException)
        {
            // Told by the result.
            return false;
        }
    }

    private static bool IsDecided(Socket socket) =>
        socket.Poll(TimeSpan.Zero, SelectMode.SelectWrite) || socket.Poll(TimeSpan.Zero, SelectMode.SelectError);

    private static AttemptOutcome OutcomeOf(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => AttemptOutcome.Refused,
        SocketError.TimedOut => AttemptOutcome.ConnectTimeout,
        SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData or SocketError.NoRecovery => AttemptOutcome.Dns,
        _ => AttemptOutcome.Unreachable,
    };

    private static string DetailOf(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData or SocketError.NoRecovery => "host name not found",
        SocketError.TooManyOpenSockets => "this program has no file descriptor left for a connection",
        _ => error.ToString(),
    };
}
