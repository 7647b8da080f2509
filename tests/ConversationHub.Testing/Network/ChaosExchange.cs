using System.Net;
using System.Net.Sockets;

namespace ConversationHub.Testing.Network;

/// <summary>One request on one connection, in the hands of a <see cref="ChaosBehaviour"/>.</summary>
public sealed class ChaosExchange
{
    private const int DrainBytes = 16 * 1024;

    private readonly Socket _socket;
    private readonly Stream _stream;

    internal ChaosExchange(Socket socket, Stream stream, RecordedRequest? request)
    {
        _socket = socket;
        _stream = stream;
        Request = request;
    }

    /// <summary>What was asked; null for a behaviour that does not read.</summary>
    public RecordedRequest? Request { get; }

    /// <summary>Whether the connection was ended here, so that it carries no other request.</summary>
    internal bool IsOver { get; private set; }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(bytes, cancellationToken);
        await _stream.FlushAsync(cancellationToken);
    }

    /// <summary>A whole response, after which the connection stays open for the next request.</summary>
    public async Task RespondAsync(CannedResponse response, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(response);
        byte[] whole = [.. response.Head(), .. response.Body];
        await WriteAsync(whole, cancellationToken);
    }

    /// <summary>Ends the connection with a reset: the client sees "connection reset by peer".</summary>
    public void Reset()
    {
        IsOver = true;
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Close();
    }

    /// <summary>Ends the connection in good order, after what was written.</summary>
    public void Close()
    {
        IsOver = true;
        _socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Keeps the connection open, reading and dropping what comes, until the client gives it up.</summary>
    /// <exception cref="ClientGoneException">Always, unless the connection was ended here before.</exception>
    public async Task WaitForClientToCloseAsync(CancellationToken cancellationToken)
    {
        var dropped = new byte[DrainBytes];
        while (await _stream.ReadAsync(dropped, cancellationToken) > 0)
        {
            // Whatever a client sends without having been answered is of no interest.
        }

        if (!IsOver)
            throw new ClientGoneException();
    }

    /// <summary>Sends the request on to <paramref name="upstream"/>, on a connection of its own, and returns the reply as raw bytes.</summary>
    public async Task<byte[]> AskUpstreamAsync(Uri upstream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(upstream);
        var request = Request ?? throw new InvalidOperationException("This behaviour did not read the request.");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, upstream.Port, cancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync(Forwarded(request), cancellationToken);
        using var reply = new MemoryStream();
        await stream.CopyToAsync(reply, cancellationToken);
        return reply.ToArray();
    }

    /// <summary>
    /// Sends the request on, as <see cref="AskUpstreamAsync"/> does, and passes on at most <paramref name="maxBytes"/> of the reply, each
    /// piece as it comes; then <paramref name="end"/> is run while the upstream's connection is still open.
    /// </summary>
    public async Task RelayAsync(Uri upstream, long maxBytes, Func<Task> end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(upstream);
        ArgumentNullException.ThrowIfNull(end);
        var request = Request ?? throw new InvalidOperationException("This behaviour did not read the request.");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, upstream.Port, cancellationToken);
        var reply = client.GetStream();
        await reply.WriteAsync(Forwarded(request), cancellationToken);
        var piece = new byte[DrainBytes];
        for (var left = maxBytes; left > 0;)
        {
            var read = await reply.ReadAsync(piece.AsMemory(0, (int)Math.Min(left, piece.Length)), cancellationToken);
            if (read == 0)
                break;
            await WriteAsync(piece.AsMemory(0, read), cancellationToken);
            left -= read;
        }

        await end();
    }

    // The upstream is told to close, so that the end of its reply needs no parsing here.
    private static byte[] Forwarded(RecordedRequest request)
    {
        var head = $"{request.Method} {request.Target} HTTP/1.1\r\n"
            + string.Concat(request.Headers.Where(IsForwarded).Select(header => $"{header.Key}: {header.Value}\r\n"))
            + $"Content-Length: {request.Body.Length}\r\nConnection: close\r\n\r\n";
        return [.. System.Text.Encoding.Latin1.GetBytes(head), .. request.Body];

        static bool IsForwarded(KeyValuePair<string, string> header) =>
            header.Key.ToUpperInvariant() is not ("CONNECTION" or "CONTENT-LENGTH" or "TRANSFER-ENCODING");
    }
}
