using System.Net;
using System.Net.Sockets;
using ConversationHub.Contracts;

namespace Maestra.Backend.Listening;

/// <summary>What looking for a port gave.</summary>
internal abstract record PortOutcome
{
    private PortOutcome()
    {
    }

    /// <summary>Bound and listening; the server takes it over.</summary>
    public sealed record Bound(Socket Socket, IPEndPoint EndPoint) : PortOutcome;

    /// <param name="Reason">For the operator: which ports were tried.</param>
    public sealed record Refused(string Reason) : PortOutcome;
}

/// <summary>Finds the port: the one that was set, or the first free one of a few (wire.md §13).</summary>
internal static class PortChooser
{
    private const int Backlog = 512;

    /// <summary>The port that was set and no other, or those that hubs look at (wire.md §5).</summary>
    public static IReadOnlyList<int> Candidates(int? set) => set is { } port
        ? [port]
        : [.. Enumerable.Range(WireFormat.DefaultLocalPort, WireFormat.LastLocalPort - WireFormat.DefaultLocalPort + 1)];

    /// <param name="host">All addresses where the machine has no IPv6 are those of IPv4.</param>
    /// <param name="ports">Tried in this order; 0 stands for any free one.</param>
    /// <param name="open">Null: the system's sockets.</param>
    public static PortOutcome Bind(IPAddress host, IReadOnlyList<int> ports, Func<AddressFamily, Socket>? open = null)
    {
        open ??= static family => new Socket(family, SocketType.Stream, ProtocolType.Tcp);
        var errors = new List<string>();
        foreach (var port in ports)
        {
            Socket? socket = null;
            try
            {
                socket = open(host.AddressFamily);
                if (host.Equals(IPAddress.IPv6Any))
                    socket.DualMode = true;
                socket.Bind(new IPEndPoint(host, port));

                // Two sockets may be bound to one port on Unix as long as neither listens: listening at once settles whose it is.
                socket.Listen(Backlog);
                return new PortOutcome.Bound(socket, (IPEndPoint)socket.LocalEndPoint!);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressFamilyNotSupported && host.Equals(IPAddress.IPv6Any))
            {
                // Containers without IPv6.
                socket?.Dispose();
                return Bind(IPAddress.Any, ports, open);
            }
            catch (SocketException e)
            {
                socket?.Dispose();
                errors.Add($"{port} ({Cause(e)})");
            }
        }

        return new PortOutcome.Refused($"no port to listen on at {host}: {string.Join(", ", errors)}");
    }

    private static string Cause(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "in use",
        SocketError.AccessDenied => "not permitted",
        _ => e.Message,
    };
}
