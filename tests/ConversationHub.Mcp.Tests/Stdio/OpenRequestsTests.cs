using System.Text.Json.Nodes;
using ConversationHub.Mcp.Stdio;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Tests.Stdio;

public sealed class OpenRequestsTests
{
    private readonly OpenRequests _open = new();

    [Fact]
    public void Close_Twice_AllowsOneAnswer()
    {
        TryOpen(Request(1, "tools/call"));
        Assert.True(_open.Close(new RequestId(1)));
        Assert.False(_open.Close(new RequestId(1)));
    }

    [Fact]
    public void Cancel_Call_AllowsNoAnswerAndNoProgress()
    {
        TryOpen(Request(1, "tools/call", "p"));
        Assert.True(_open.MayProgress(new ProgressToken("p")));
        _open.Cancel(new RequestId(1));
        Assert.False(_open.MayProgress(new ProgressToken("p")));
        Assert.False(_open.Close(new RequestId(1)));
        Assert.True(_open.WhenIdleAsync().IsCompleted);
    }

    [Fact]
    public void Cancel_Initialize_IsIgnored()
    {
        TryOpen(Request(1, "initialize"));
        _open.Cancel(new RequestId(1));
        Assert.True(_open.Close(new RequestId(1)));
    }

    [Fact]
    public void TryOpen_NumberAndTextOfTheSameDigits_AreTwoIds()
    {
        Assert.Equal(OpenRequests.Admission.Opened, TryOpen(Request(1, "ping")));
        Assert.Equal(OpenRequests.Admission.Opened, TryOpen(new JsonRpcRequest { Id = new RequestId("1"), Method = "ping" }));
        Assert.Equal(OpenRequests.Admission.IdInUse, TryOpen(Request(1, "ping")));
    }

    [Fact]
    public void TryOpen_MoreSubscriptionsThanAllowed_AreRefusedUntilOneIsCancelled()
    {
        for (var id = 0; id < StdioLimits.MaxOpenSubscriptions; id++)
            Assert.Equal(OpenRequests.Admission.Opened, TryOpen(Request(id, "subscriptions/listen")));
        Assert.Equal(OpenRequests.Admission.TooManySubscriptions, TryOpen(Request(99, "subscriptions/listen")));
        Assert.True(_open.WhenIdleAsync().IsCompleted);
        _open.Cancel(new RequestId(0));
        Assert.Equal(OpenRequests.Admission.Opened, TryOpen(Request(99, "subscriptions/listen")));
    }

    [Fact]
    public void Load_OfWhatIsAnsweredOrCancelled_IsGivenBack()
    {
        _open.TryOpen(Request(1, "tools/call"), 100);
        _open.TryOpen(Request(2, "tools/call"), 20);
        _open.TryOpen(Request(3, "subscriptions/listen"), 3);
        Assert.Equal((2, 123L), _open.Load);
        _open.Close(new RequestId(1));
        _open.Cancel(new RequestId(2));
        _open.Cancel(new RequestId(2));
        Assert.Equal((0, 3L), _open.Load);
        _open.Cancel(new RequestId(3));
        Assert.Equal((0, 0L), _open.Load);
    }

    private OpenRequests.Admission TryOpen(JsonRpcRequest request) => _open.TryOpen(request, bytes: 1);

    private static JsonRpcRequest Request(int id, string method, string? progressToken = null) => new()
    {
        Id = new RequestId(id),
        Method = method,
        Params = progressToken is null ? null : new JsonObject { ["_meta"] = new JsonObject { ["progressToken"] = progressToken } },
    };
}
