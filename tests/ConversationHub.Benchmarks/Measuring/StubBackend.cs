using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Testing.Backends;

namespace ConversationHub.Benchmarks.Measuring;

/// <summary>
/// A backend that does nothing: ready bytes for every request, over bare sockets, so that what is measured through it is the hub's own.
/// It answers as the real one does: health that says it streams, then a heartbeat at once and the end behind it.
/// </summary>
internal sealed class StubBackend : IAsyncDisposable
{
    private const int BufferBytes = 16 * 1024;

    private static readonly byte[] Health = Whole(StreamingHealth());
    private static readonly byte[] Answer = Whole(Envelope);
    private static readonly byte[] StreamBegins = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunk("event: heartbeat\ndata: {\"elapsed_ms\":0}\n\n"));

    private static readonly byte[] StreamEnds = Encoding.ASCII.GetBytes(Chunk($"event: done\ndata: {Envelope}\n\n") + "0\r\n\r\n");

    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public StubBackend()
    {
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");

    private static string Envelope => MaestraReplies.Envelope("an answer", "main").ToJsonString();

    private static string StreamingHealth()
    {
        var health = MaestraReplies.Health("local", WireFormat.DefaultLocalPort);
        health["capabilities"] = new JsonArray("idempotency", "stream");
        return health.ToJsonString();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The benchmark is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            socket.NoDelay = true;
            var buffer = new byte[BufferBytes];
            var held = 0;
            try
            {
                while (true)
                {
                    var length = RequestLength(buffer.AsSpan(0, held));
                    while (length < 0 || held < length)
                    {
                        var got = await socket.ReceiveAsync(buffer.AsMemory(held), _stop.Token);
                        if (got == 0)
                            return;
                        held += got;
                        length = RequestLength(buffer.AsSpan(0, held));
                    }

                    if (buffer.AsSpan(0, length).StartsWith("GET "u8))
                        await socket.SendAsync(Health);
                    else if (buffer.AsSpan(0, length).IndexOf("text/event-stream"u8) < 0)
                        await socket.SendAsync(Answer);
                    else
                        await StreamAsync(socket);
                    buffer.AsSpan(length, held - length).CopyTo(buffer);
                    held -= length;
                }
            }
            catch (Exception gone) when (gone is SocketException or OperationCanceledException)
            {
                // Whoever asked has gone.
            }
        }
    }

    private static async Task StreamAsync(Socket socket)
    {
        await socket.SendAsync(StreamBegins);
        await socket.SendAsync(StreamEnds);
    }

    /// <returns>Head and body together; negative: the head is not all there.</returns>
    private static int RequestLength(ReadOnlySpan<byte> request)
    {
        var head = request.IndexOf("\r\n\r\n"u8);
        if (head < 0)
            return -1;
        var name = "Content-Length: "u8;
        var at = request[..head].IndexOf(name);
        var body = 0;
        if (at >= 0)
        {
            var value = request[(at + name.Length)..];
            body = int.Parse(value[..value.IndexOf((byte)'\r')], CultureInfo.InvariantCulture);
        }

        return head + 4 + body;
    }

    private static byte[] Whole(string json) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.ASCII.GetByteCount(json)}\r\n\r\n{json}"));

    private static string Chunk(string text) => $"{text.Length:x}\r\n{text}\r\n";
}
