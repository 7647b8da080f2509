using System.Net;
using System.Net.Sockets;
using ConversationHub.Testing;
using Maestra.Backend.Listening;

namespace Maestra.Backend.Tests.Listening;

public sealed class PortChooserTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Candidates_NoneSet_AreTheFiveKnownPorts_T21()
    {
        Assert.Equal([8825, 8826, 8827, 8828, 8829], PortChooser.Candidates(null));
        Assert.Equal([9000], PortChooser.Candidates(9000));
    }

    [Fact]
    public void Bind_MachineHasNoIPv6_ListensToAllOfIPv4()
    {
        var outcome = Assert.IsType<PortOutcome.Bound>(PortChooser.Bind(IPAddress.IPv6Any, [0], OpenWithoutIPv6));

        using (outcome.Socket)
            Assert.Equal(IPAddress.Any, outcome.EndPoint.Address);
    }

    [Fact]
    public void Bind_NamedAddressOfIPv6AndMachineHasNone_IsRefused()
    {
        var outcome = Assert.IsType<PortOutcome.Refused>(PortChooser.Bind(IPAddress.IPv6Loopback, [0], OpenWithoutIPv6));

        Assert.Contains("no port to listen on at ::1", outcome.Reason, StringComparison.Ordinal);
    }

    private static Socket OpenWithoutIPv6(AddressFamily family) => family == AddressFamily.InterNetworkV6
        ? throw new SocketException((int)SocketError.AddressFamilyNotSupported)
        : new Socket(family, SocketType.Stream, ProtocolType.Tcp);

    [Fact]
    public void Bind_FirstIsBusy_TakesTheNext_T21()
    {
        var busy = Listen(0);
        using var first = busy.Socket;

        var outcome = Assert.IsType<PortOutcome.Bound>(PortChooser.Bind(IPAddress.Loopback, [busy.EndPoint.Port, 0]));

        using (outcome.Socket)
            Assert.NotEqual(busy.EndPoint.Port, outcome.EndPoint.Port);
    }

    [Fact]
    public void Bind_AllBusy_ListsThem_T22()
    {
        var (one, two) = (Listen(0), Listen(0));
        using var first = one.Socket;
        using var second = two.Socket;

        var refused = Assert.IsType<PortOutcome.Refused>(PortChooser.Bind(IPAddress.Loopback, [one.EndPoint.Port, two.EndPoint.Port]));

        Assert.Contains($"{one.EndPoint.Port} (in use), {two.EndPoint.Port} (in use)", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void PortFile_WrittenAndRemoved_ButNotAnothersOne_T21()
    {
        var path = _folder.Combine(".maestra", "port");
        var file = new PortFile(path);

        Assert.Null(file.Write(8826));
        Assert.Equal("8826\n", File.ReadAllText(path));
        Assert.Null(file.Remove(8825));
        Assert.True(File.Exists(path));
        Assert.Null(file.Remove(8826));
        Assert.False(File.Exists(path));
        Assert.Null(file.Remove(8826));
    }

    /// <summary>The home of a user that has none is the root, where it may not write: no fault that somebody could mend. <c>/proc</c> takes no files from anybody.</summary>
    [Theory]
    [InlineData("/proc/port", false)]
    [InlineData("/proc/self/port", true)]
    public void PortFile_CannotBeWritten_IsToldUnlessTheHomeIsNobodys(string path, bool isTold)
    {
        if (OperatingSystem.IsLinux())
            Assert.Equal(isTold, new PortFile(path).Write(8825) is not null);
    }

    private static (Socket Socket, IPEndPoint EndPoint) Listen(int port)
    {
        var bound = Assert.IsType<PortOutcome.Bound>(PortChooser.Bind(IPAddress.Loopback, [port]));
        return (bound.Socket, bound.EndPoint);
    }
}
