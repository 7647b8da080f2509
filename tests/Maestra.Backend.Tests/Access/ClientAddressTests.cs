using System.Net;
using Maestra.Backend.Access;

namespace Maestra.Backend.Tests.Access;

public sealed class ClientAddressTests
{
    private static readonly IPNetwork[] Trusted = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8:ffff::/48")];

    [Theory]
    [InlineData("203.0.113.9", "", "203.0.113.9")]
    // A stranger may write what he likes.
    [InlineData("203.0.113.9", "198.51.100.1", "203.0.113.9")]
    [InlineData("203.0.113.9", "10.0.0.1", "203.0.113.9")]
    // One proxy, two, and a client that forged the first entry.
    [InlineData("10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1")]
    [InlineData("10.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "10.0.0.3|198.51.100.1, 10.0.0.2", "198.51.100.1")]
    [InlineData("2001:db8:ffff::1", "[2001:db8::7]:443", "2001:db8::7")]
    [InlineData("10.0.0.1", "198.51.100.1:5555", "198.51.100.1")]
    // Nothing, or nonsense, leaves the proxy itself.
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", "unknown", "10.0.0.1")]
    [InlineData("10.0.0.1", "1", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1, <script>", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1,", "10.0.0.1")]
    public void Of_BelievesTrustedProxiesOnly_T53(string connection, string forwarded, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), ClientAddress.Of(IPAddress.Parse(connection), forwarded.Length == 0 ? [] : forwarded.Split('|'), Trusted));

    [Theory]
    [InlineData("203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2::", "2001:db8:1:2::/64")]
    public void CountedAs_Ipv6_IsItsPrefix(string address, string expected) => Assert.Equal(expected, ClientAddress.CountedAs(IPAddress.Parse(address)));
}
