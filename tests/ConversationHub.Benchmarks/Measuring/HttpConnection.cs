using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConversationHub.Benchmarks.Measuring;

/// <summary>One kept-alive connection that costs little beside what it measures: a request out, a response with Content-Length in.</summary>
internal sealed class HttpConnection : IDisposable
{
    private const int FirstBufferBytes = 16 * 1024;

    private readonly Socket _socket;
    private byte[] _buffer = new byte[FirstBufferBytes];

    private HttpConnection(Socket socket) => _socket = socket;

    /// <exception cref="SocketException">Nobody listens, or the server is full.</exception>
    public static async Task<HttpConnection> OpenAsync(int port, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
            return new HttpConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>For <see cref="Send"/>.</summary>
    /// <exception cref="SocketException">Nobody listens, or the server is full.</exception>
    public static HttpConnection Open(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
            return new HttpConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static byte[] Get(string target) => Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

    public static byte[] Post(string target, string json, params (string Name, string Value)[] headers)
    {
        var body = Encoding.UTF8.GetBytes(json);
        var more = string.Concat(headers.Select(static header => $"{header.Name}: {header.Value}\r\n"));
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{more}\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    /// <exception cref="IOException">The server closed the connection.</exception>
    public async Task<HttpAnswer> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken = default)
    {
        await _socket.SendAsync(request, cancellationToken);
        var held = 0;
        HttpAnswer answer;
        while (!TryParse(held, out answer))
            held += Checked(await _socket.ReceiveAsync(RoomBehind(held), cancellationToken));
        return answer;
    }

    /// <summary>The same on the caller's thread, which then waits for nobody but the server. A connection is used in one of the two ways only.</summary>
    /// <exception cref="IOException">The server closed the connection.</exception>
    public HttpAnswer Send(ReadOnlySpan<byte> request)
    {
        _socket.Send(request);
        var held = 0;
        HttpAnswer answer;
        while (!TryParse(held, out answer))
            held += Checked(_socket.Receive(RoomBehind(held).Span));
        return answer;
    }

    public void Dispose() => _socket.Dispose();

    private Memory<byte> RoomBehind(int held)
    {
        if (held == _buffer.Length)
            Array.Resize(ref _buffer, held * 2);
        return _buffer.AsMemory(held);
    }

    private static int Checked(int got) => got > 0 ? got : throw new IOException("The server closed the connection.");

    /// <returns>False while the response is not whole.</returns>
    private bool TryParse(int held, out HttpAnswer answer)
    {
        answer = default;
        var head = _buffer.AsSpan(0, held).IndexOf("\r\n\r\n"u8) + 4;
        if (head < 4)
            return false;
        var status = int.Parse(Encoding.ASCII.GetString(_buffer, 9, 3), CultureInfo.InvariantCulture);
        var length = NumberOf(_buffer.AsSpan(0, head), "Content-Length: "u8) ?? NumberOf(_buffer.AsSpan(0, head), "content-length: "u8)
            ?? throw new IOException("A response without Content-Length is not understood here.");
        if (held < head + length)
            return false;
        answer = new HttpAnswer(status, NumberOf(_buffer.AsSpan(0, head), "Retry-After: "u8), _buffer.AsMemory(head, length));
        return true;
    }

    private static int? NumberOf(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var at = head.IndexOf(name);
        if (at < 0)
            return null;
        var value = head[(at + name.Length)..];
        return int.Parse(value[..value.IndexOf((byte)'\r')], CultureInfo.InvariantCulture);
    }
}

/// <param name="Body">Until the connection's next request.</param>
internal readonly record struct HttpAnswer(int Status, int? RetryAfterSeconds, ReadOnlyMemory<byte> Body);
