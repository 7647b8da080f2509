using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ConversationHub.Testing.Network;

/// <summary>Finds loopback ports for programs that must be told theirs.</summary>
public static class FreePort
{
    /// <summary>Below the ports that systems hand out by themselves (Linux from 32768, others from 49152): a program that is killed
    /// and started anew on its port would otherwise find it taken by any connection that was opened meanwhile.</summary>
    private const int First = 20_000;

    private const int End = 32_000;
    private const int MaxTries = 1000;

    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>A port that was free a moment ago and that this process gives out once. Another process may still take it first:
    /// prefer port 0 wherever the program can report what it got.</summary>
    /// <exception cref="InvalidOperationException">None of a thousand was free.</exception>
    public static int Find()
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var port = Random.Shared.Next(First, End);
            if (Given.TryAdd(port, true) && IsFree(port))
                return port;
        }

        throw new InvalidOperationException($"No free port between {First} and {End} after {MaxTries} tries.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
