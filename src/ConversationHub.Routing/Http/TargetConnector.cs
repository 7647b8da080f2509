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
        using var timer = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, either.Token).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException cancelled) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new ConnectFailedException(
                AttemptOutcome.ConnectTimeout, $"no connection within {timeout.TotalMilliseconds:0} ms", cancelled);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new ConnectFailedException(OutcomeOf(failure.SocketErrorCode), DetailOf(failure.SocketErrorCode), failure);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

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
        _ => error.ToString(),
    };
}
