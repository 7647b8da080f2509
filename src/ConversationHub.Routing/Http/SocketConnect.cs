using System.Net;
using System.Net.Sockets;

namespace ConversationHub.Routing;

/// <summary>
/// One connect whose failure is a value. The framework's own method throws, and fills the exception with a stack trace that has
/// file names, which costs the first refusal of a process several milliseconds.
/// </summary>
internal sealed class SocketConnect : SocketAsyncEventArgs
{
    private readonly TaskCompletionSource<SocketError> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SocketConnect(EndPoint endpoint)
        : base(true) => RemoteEndPoint = endpoint;

    /// <returns>How it ended; never faulted. Disposing the socket ends it with <see cref="SocketError.OperationAborted"/>.</returns>
    /// <exception cref="ObjectDisposedException">The socket is disposed already.</exception>
    public static Task<SocketError> StartAsync(Socket socket, EndPoint endpoint)
    {
        var connect = new SocketConnect(endpoint);
        if (socket.ConnectAsync(connect))
            return connect._ended.Task;
        var error = connect.SocketError;
        connect.Dispose();
        return Task.FromResult(error);
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        _ended.TrySetResult(SocketError);
        Dispose();
    }
}
