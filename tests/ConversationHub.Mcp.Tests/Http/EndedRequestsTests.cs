using System.Net;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Routing;
using ConversationHub.Testing;

namespace ConversationHub.Mcp.Tests.Http;

/// <summary>Requests over HTTP whose answer does not come: the client is still there, and must neither wait for ever nor be left in doubt.</summary>
public sealed class EndedRequestsTests : HttpRig
{
    private const string Ask =
        """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"maestra_ask","arguments":{"message":"hello","conversation_id":"c7"}}}""";

    /// <summary>Nothing is answered to it, and the SDK's transport would hold its response open for ever: some hundreds of those are all the connections there are.</summary>
    [Fact]
    public async Task Cancelled_ItsPostEndsWithoutAnAnswer()
    {
        Router.OnAsk = NeverAsync;
        var session = (await OpenAsync())!;
        using var called = await SendAsync(Ask, ("Mcp-Session-Id", session));
        await Router.Asked.ItemAsync(1);

        using var noted = await SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}""", ("Mcp-Session-Id", session));
        var told = await called.Content.ReadAsStringAsync().WaitAsync(TestTimeouts.Signal);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.OK, ""), (noted.StatusCode, called.StatusCode, told));
        Assert.Equal(HttpStatusCode.OK, await ListAsync(session));
    }

    private static async Task<RoutingResult> NeverAsync(Question question, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException("It was not cancelled.");
    }
}
