using System.Net;
using System.Net.Sockets;
using ConversationHub.Testing;

namespace ConversationHub.Routing.Tests.Http;

/// <summary>A connection whose peer has gone before anything was sent is one that failed, not a fault of the hub.</summary>
public sealed class TargetConnectorTests
{
    [Fact]
    public async Task HasPeer_PeerHasResetTheConnection_IsFalse()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var alive = await ConnectAsync(listener);
        using var kept = await listener.AcceptAsync();
        using var reset = await ConnectAsync(listener);

        // Closed with nothing lingering, which is a reset.
        (await listener.AcceptAsync()).Close(timeout: 0);
        Assert.True(reset.Poll(TestTimeouts.Signal, SelectMode.SelectRead));

        Assert.True(TargetConnector.HasPeer(alive));
        Assert.False(TargetConnector.HasPeer(reset));
    }

    private static async Task<Socket> ConnectAsync(Socket listener)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal(SocketError.Success, await SocketConnect.StartAsync(socket, listener.LocalEndPoint!));
        return socket;
    }
}
