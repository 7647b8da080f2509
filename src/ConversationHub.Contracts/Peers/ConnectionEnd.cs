using System.Net;

namespace ConversationHub.Contracts;

/// <summary>One end of a TCP connection as text that both sides write alike: <c>127.0.0.1:8825</c>, <c>[::1]:8825</c>.</summary>
public static class ConnectionEnd
{
    /// <param name="endpoint">An IPv4 address that a socket for both families maps into IPv6 is written as IPv4.</param>
    public static string Of(IPEndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var address = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        return new IPEndPoint(address, endpoint.Port).ToString();
    }
}
