using System.Net;
using System.Net.Sockets;

namespace Maestra.Backend.Access;

/// <summary>Finds out where a request comes from (wire.md §8): what a stranger writes into <c>X-Forwarded-For</c> is never believed. Pure.</summary>
internal static class ClientAddress
{
    /// <summary>More hops than any honest chain of proxies has; what stands before them is not looked at.</summary>
    private const int MaxHops = 16;

    private const int Ipv6PrefixBytes = 8;

    /// <param name="connection">The other end of the connection; null when it has none, such as a Unix socket.</param>
    /// <param name="forwardedFor">Values of <c>X-Forwarded-For</c>, in order.</param>
    /// <returns>The first address, seen from here, that is no trusted proxy's.</returns>
    public static IPAddress Of(IPAddress? connection, IReadOnlyList<string?> forwardedFor, IReadOnlyList<IPNetwork> trusted)
    {
        var client = Plain(connection ?? IPAddress.None);
        if (!IsTrusted(client, trusted))
            return client;

        var hops = forwardedFor.SelectMany(static value => (value ?? "").Split(',')).Reverse().Take(MaxHops);
        foreach (var hop in hops)
        {
            if (Parse(hop.Trim()) is not { } address)
                return client;
            client = address;
            if (!IsTrusted(client, trusted))
                return client;
        }

        return client;
    }

    public static bool IsTrusted(IPAddress? address, IReadOnlyList<IPNetwork> trusted)
    {
        if (address is null)
            return false;
        var plain = Plain(address);
        return trusted.Any(network => network.Contains(plain));
    }

    /// <summary>What is counted together: one IPv4 address, or the /64 of an IPv6 one, since whoever has one of those has them all.</summary>
    public static string CountedAs(IPAddress address)
    {
        var plain = Plain(address);
        if (plain.AddressFamily != AddressFamily.InterNetworkV6)
            return plain.ToString();
        var bytes = plain.GetAddressBytes();
        bytes.AsSpan(Ipv6PrefixBytes).Clear();
        return new IPAddress(bytes) + "/64";
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>An address, or one with a port: <c>192.0.2.1</c>, <c>192.0.2.1:443</c>, <c>2001:db8::1</c>, <c>[2001:db8::1]:443</c>.</summary>
    private static IPAddress? Parse(string text)
    {
        // IPAddress also takes "1" and "0x7f.1" for addresses: no proxy writes such.
        if (text.Length == 0 || (!text.Contains(':', StringComparison.Ordinal) && text.Count(static c => c == '.') != 3))
            return null;
        return IPAddress.TryParse(text, out var address) ? Plain(address)
            : IPEndPoint.TryParse(text, out var endPoint) ? Plain(endPoint.Address)
            : null;
    }
}
