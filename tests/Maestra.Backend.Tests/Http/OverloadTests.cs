using System.Net;
using System.Net.Sockets;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using Maestra.Backend.Http;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Http;

/// <summary>More at once than is served (wire.md §1.2): 503 before memory grows, health still answers, and all is well again when they have gone.</summary>
public sealed class OverloadTests
{
    /// <summary>Of a body that never ends: as much as may be, but for its last byte.</summary>
    private const int HeldBytes = WireLimits.RequestBodyBytes - 1;

    [Fact]
    public async Task Requests_MoreThanAreServedAtOnce_Are503UntilOneHasGone()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new List<TcpClient>();
        try
        {
            for (var i = 0; i < RequestGate.LocalRequests; i++)
                held.Add(await BeginAsync(backend, bodyBytes: 1));

            // On a busy machine the first of them may have been cut off for their slowness before the last was there.
            var refused = await UntilAsync(backend, HttpStatusCode.ServiceUnavailable, async () => held.Add(await BeginAsync(backend, bodyBytes: 1)));

            Assert.Equal(("overloaded", "1"), (refused.Code, refused.Headers["Retry-After"]));
            Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/health")).Status);
        }
        finally
        {
            held.ForEach(static one => one.Dispose());
        }

        await UntilAsync(backend, HttpStatusCode.OK);
    }

    [Fact]
    public async Task Bodies_MoreThanAreHeldAtOnce_Are503UntilOneHasGone()
    {
        await using var backend = await TestBackend.StartLocalAsync();
        var held = new List<TcpClient>();
        var refused = "";
        try
        {
            for (var bytes = 0L; bytes <= BodyBudget.LocalBytes; bytes += HeldBytes)
                held.Add(await BeginAsync(backend, HeldBytes));

            // They share what there is, so that nobody knows which of them is the one that is refused.
            refused = await (await Task.WhenAny(held.Select(ReadAnswerAsync)).WaitAsync(TestTimeouts.Signal));
            Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/health")).Status);
        }
        finally
        {
            held.ForEach(static one => one.Dispose());
        }

        Assert.StartsWith("HTTP/1.1 503", refused, StringComparison.Ordinal);
        Assert.Contains("\"overloaded\"", refused, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 1", refused, StringComparison.Ordinal);
        Reply reply;
        do
            reply = await backend.AskAsync(TestBackend.Question(new string('a', 100_000)));
        while (reply.Status == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
    }

    /// <summary>A question of which the last byte never comes.</summary>
    private static async Task<TcpClient> BeginAsync(TestBackend backend, int bodyBytes)
    {
        var client = new TcpClient();
        await client.ConnectAsync(backend.Url.Host, backend.Url.Port);
        var head = $"POST {Routes.Core} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {bodyBytes + 1}\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        _ = SendAsync(client, bodyBytes);
        return client;
    }

    private static async Task SendAsync(TcpClient client, int bytes)
    {
        try
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(new string('{', bytes)));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Refused meanwhile, or the test has ended.
        }
    }

    /// <summary>To the end of its one short line of JSON: the connection itself stays open for a while.</summary>
    private static async Task<string> ReadAnswerAsync(TcpClient client)
    {
        var answer = new StringBuilder();
        try
        {
            var buffer = new byte[4096];
            while (!answer.ToString().EndsWith('}') && await client.GetStream().ReadAsync(buffer) is > 0 and var read)
                answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The test has ended.
        }

        return answer.ToString();
    }

    /// <param name="otherwise">Done after each other answer.</param>
    private static async Task<Reply> UntilAsync(TestBackend backend, HttpStatusCode wanted, Func<Task>? otherwise = null)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (true)
        {
            var reply = await backend.GetAsync("/conversations");
            if (reply.Status == wanted)
                return reply;
            limit.Token.ThrowIfCancellationRequested();
            if (otherwise is not null)
                await otherwise();
        }
    }
}
