using System.Net;
using System.Net.Sockets;

namespace ConversationHub.Testing.Network;

/// <summary>Finds loopback ports for programs that must be told theirs.</summary>
public static class FreePort
{
    /// <summary>A port that was free a moment ago. Another process may take it first: prefer port 0 wherever the program can report what it got.</summary>
    public static int Find()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
