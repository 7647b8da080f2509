using System.Net;
using System.Net.Sockets;
using ConversationHub.Testing;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>
/// The ports on which a hub looks for a local backend that nobody named, held so that they refuse, until they are let go: what else
/// runs on this machine must not answer in the place of a fake.
/// </summary>
internal sealed class UsualPorts : IDisposable
{
    public const int First = 8825, Last = 8829;

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<int, Socket> _held = [];

    private UsualPorts()
    {
    }

    /// <summary>Waits for whoever has one of them, such as another run of these tests.</summary>
    public static async Task<UsualPorts> HoldAsync()
    {
        var ports = new UsualPorts();
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        for (var port = First; port <= Last;)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                ports._held[port++] = socket;
            }
            catch (SocketException taken)
            {
                socket.Dispose();
                if (patience.IsCancellationRequested)
                    throw new InvalidOperationException($"Port {port} belongs to another program, such as a local backend; end it for these tests.", taken);
                await Task.Delay(Again, CancellationToken.None);
            }
        }

        return ports;
    }

    /// <summary>Lets one go, for a fake to take.</summary>
    public int LetGo(int port)
    {
        _held.Remove(port, out var socket);
        socket!.Dispose();
        return port;
    }

    public void Dispose()
    {
        foreach (var socket in _held.Values)
            socket.Dispose();
    }
}
