using System.Net;
using System.Net.Sockets;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using Maestra.Backend.Http;
using Maestra.Backend.Listening;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Maestra.Backend.Tests.Access;

/// <summary>What browsers tell of a page, and what slow or many clients may take.</summary>
public sealed class HardeningTests
{
    /// <summary>More than what the sockets of both sides hold between them.</summary>
    private const int LargeQuestions = 64;

    [Theory]
    [InlineData("cross-site", HttpStatusCode.Forbidden)]
    [InlineData("same-site", HttpStatusCode.Forbidden)]
    [InlineData("anything-new", HttpStatusCode.Forbidden)]
    [InlineData("same-origin", HttpStatusCode.OK)]
    [InlineData("none", HttpStatusCode.OK)]
    public async Task Local_RequestOfAForeignPageWithoutOrigin_Is403_T61(string site, HttpStatusCode expected)
    {
        await using var backend = await TestBackend.StartLocalAsync();

        var reply = await backend.GetAsync("/conversations", headers: ("Sec-Fetch-Site", site));

        Assert.Equal((expected, expected == HttpStatusCode.OK ? null : "origin_refused"), (reply.Status, reply.Code));
    }

    [Fact]
    public async Task Local_ListedOrigin_PassesWhateverTheSite()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.CorsOrigins, "https://listed.example"));

        var reply = await backend.GetAsync("/conversations", headers: [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://listed.example")]);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Contains("RateLimit-Remaining", reply.Headers["Access-Control-Expose-Headers"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task HeadersThatNeverEnd_AreCutOff()
    {
        await using var backend = await TestBackend.StartLimitedAsync(new ConnectionLimits(Connections: 8, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60)));
        using var slow = await ConnectAsync(backend);
        await slow.SendAsync("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "u8.ToArray());

        // The server's own clock runs this; what is awaited is the end, whenever it comes.
        Assert.Contains("408", await ReadToEndAsync(slow), StringComparison.Ordinal);
    }

    [Fact]
    public async Task IdleConnection_IsClosed()
    {
        await using var backend = await TestBackend.StartLimitedAsync(new ConnectionLimits(Connections: 8, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1)));
        using var idle = await ConnectAsync(backend);
        await idle.SendAsync("GET /health/x HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());

        Assert.StartsWith("HTTP/1.1 404", await ReadToEndAsync(idle), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectionBeyondTheLimit_IsClosed_AndThoseWithinAreServed()
    {
        await using var backend = await TestBackend.StartLimitedAsync(new ConnectionLimits(Connections: 2, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60)));
        using var first = await ConnectAsync(backend);
        using var second = await ConnectAsync(backend);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(first), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(second), StringComparison.Ordinal);

        using var third = await ConnectAsync(backend);
        Assert.Equal("", await ReadToEndAsync(third));
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(first), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReaderThatTakesNothing_IsCutOff()
    {
        await using var backend = await TestBackend.StartLimitedAsync(new ConnectionLimits(Connections: 8, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60))
        {
            ReplyRate = new MinDataRate(bytesPerSecond: 1 << 20, gracePeriod: TimeSpan.FromSeconds(2)),
        });
        for (var question = 0; question < LargeQuestions; question++)
            Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(TestBackend.Question(new string('m', WireLimits.MessageBytes), "large"))).Status);
        using var slow = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await slow.ConnectAsync(IPAddress.Loopback, backend.Url.Port);
        await slow.SendAsync("GET /conversations/large/export HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());

        // The server's own clock runs this; what is awaited is the reset, whenever it comes.
        await Task.Run(() => Assert.True(slow.Poll(TestTimeouts.Signal, SelectMode.SelectError)));

        var taken = 0L;
        try
        {
            var buffer = new byte[64 * 1024];
            while (await slow.ReceiveAsync(buffer).WaitAsync(TestTimeouts.Signal) is > 0 and var read)
                taken += read;
        }
        catch (SocketException)
        {
            // That is the reset.
        }

        Assert.InRange(taken, 0, (LargeQuestions * WireLimits.MessageBytes) - 1);
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/health")).Status);
    }

    [Fact]
    public void BodyBudget_GivesBackWhatItTook()
    {
        var budget = new BodyBudget(100);
        using (var first = budget.Open())
        using (var second = budget.Open())
        {
            Assert.True(first.TryTake(60));
            Assert.False(second.TryTake(41));
            Assert.True(second.TryTake(40));
            Assert.Equal(100, budget.HeldBytes);
        }

        Assert.Equal(0, budget.HeldBytes);
    }

    private static async Task<Socket> ConnectAsync(TestBackend backend)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, backend.Url.Port);
        return socket;
    }

    private static async Task<string> AskAsync(Socket socket)
    {
        await socket.SendAsync("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var buffer = new byte[8192];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer).WaitAsync(TestTimeouts.Signal));
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            while (await socket.ReceiveAsync(buffer).WaitAsync(TestTimeouts.Signal) is > 0 and var read)
                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }

        return text.ToString();
    }
}
