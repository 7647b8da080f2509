using System.Net;
using System.Net.Sockets;
using System.Text;
using ConversationHub.Testing;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Streaming;

public sealed class HeartbeatUnderLoadTests
{
    [Fact]
    public async Task Core_ThreadPoolIsBusy_HeartbeatsReachTheSocket_T66()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new HeldAdvisor();
        backend.Advisor.Script = held.RunAsync;
        using var socket = Ask(backend);
        await held.WaitUntilAskedAsync();

        // Everything that follows stays on this thread: reading, too, is done without the pool.
        Receive(socket, "\"elapsed_ms\":0}");
        using (var starved = new StarvedThreadPool())
        {
            foreach (var seconds in (int[])[1, 2, 3])
            {
                backend.Time.Advance(TimeSpan.FromSeconds(1));
                Receive(socket, $"\"elapsed_ms\":{1000 * seconds}}}");
            }

            Assert.False(starved.HasRoom);
        }

        held.Release("At last.");
        Receive(socket, "event: done");
    }

    private static Socket Ask(TestBackend backend)
    {
        var body = TestBackend.Question();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveTimeout = (int)TestTimeouts.Signal.TotalMilliseconds,
        };
        socket.Connect(IPAddress.Loopback, backend.Url.Port);
        socket.Send(Encoding.UTF8.GetBytes(
            $"POST /api/maestra/core HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
        return socket;
    }

    private static void Receive(Socket socket, string expected)
    {
        var text = new StringBuilder();
        var chunk = new byte[4096];
        while (!text.ToString().Contains(expected, StringComparison.Ordinal))
        {
            var read = socket.Receive(chunk);
            Assert.True(read > 0, $"The connection ended before {expected}: {text}");
            text.Append(Encoding.UTF8.GetString(chunk, 0, read));
        }
    }
}
