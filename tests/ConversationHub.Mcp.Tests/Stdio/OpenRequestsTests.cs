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
        _open.TryOpen(Request(1, "tools/call"));
        Assert.True(_open.Close(new RequestId(1)));
        Assert.False(_open.Close(new RequestId(1)));
    }

    [Fact]
    public void Cancel_Call_AllowsNoAnswerAndNoProgress()
    {
        _open.TryOpen(Request(1, "tools/call", "p"));
        Assert.True(_open.MayProgress(new ProgressToken("p")));
        _open.Cancel(new RequestId(1));
        Assert.False(_open.MayProgress(new ProgressToken("p")));
        Assert.False(_open.Close(new RequestId(1)));
        Assert.True(_open.WhenIdleAsync().IsCompleted);
    }

    [Fact]
    public void Cancel_Initialize_IsIgnored()
    {
        _open.TryOpen(Request(1, "initialize"));
        _open.Cancel(new RequestId(1));
        Assert.True(_open.Close(new RequestId(1)));
    }

    [Fact]
    public void TryOpen_NumberAndTextOfTheSameDigits_AreTwoIds()
    {
        Assert.Equal(OpenRequests.Admission.Opened, _open.TryOpen(Request(1, "ping")));
        Assert.Equal(OpenRequests.Admission.Opened, _open.TryOpen(new JsonRpcRequest { Id = new RequestId("1"), Method = "ping" }));
        Assert.Equal(OpenRequests.Admission.IdInUse, _open.TryOpen(Request(1, "ping")));
    }

    [Fact]
    public void TryOpen_MoreSubscriptionsThanAllowed_AreRefusedUntilOneIsCancelled()
    {
        for (var id = 0; id < StdioLimits.MaxOpenSubscriptions; id++)
            Assert.Equal(OpenRequests.Admission.Opened, _open.TryOpen(Request(id, "subscriptions/listen")));
        Assert.Equal(OpenRequests.Admission.TooManySubscriptions, _open.TryOpen(Request(99, "subscriptions/listen")));
        Assert.True(_open.WhenIdleAsync().IsCompleted);
        _open.Cancel(new RequestId(0));
        Assert.Equal(OpenRequests.Admission.Opened, _open.TryOpen(Request(99, "subscriptions/listen")));
    }

    [Fact]
    public async Task WhenRoom_AtTheBound_CompletesWithTheNextAnswer()
    {
        for (var id = 0; id < StdioLimits.MaxOpenRequests; id++)
            Assert.Equal(OpenRequests.Start.Started, Start(Request(id, "tools/call")));
        var next = Request(1000, "tools/call");
        Assert.Equal(OpenRequests.Start.NoRoom, Start(next));
        var room = _open.WhenRoomAsync();
        Assert.False(room.IsCompleted);
        _open.Close(new RequestId(0));
        await room.WaitAsync(Testing.TestTimeouts.Signal);
        Assert.Equal(OpenRequests.Start.Started, _open.TryStart(next));
    }

    [Fact]
    public void TryStart_PingOrSubscriptionAtTheBound_NeedsNoPlace()
    {
        for (var id = 0; id < StdioLimits.MaxOpenRequests; id++)
            Start(Request(id, "tools/call"));
        Assert.Equal(OpenRequests.Start.Started, Start(Request(1000, "ping")));
        Assert.Equal(OpenRequests.Start.Started, Start(Request(1001, "subscriptions/listen")));
    }

    [Fact]
    public void TryStart_CancelledAndItsIdUsedAgain_StartsTheSecondAlone()
    {
        var (first, second) = (Request(1, "tools/call"), Request(1, "tools/call"));
        _open.TryOpen(first);
        _open.Cancel(new RequestId(1));
        _open.TryOpen(second);
        Assert.Equal(OpenRequests.Start.Gone, _open.TryStart(first));
        Assert.Equal(OpenRequests.Start.Started, _open.TryStart(second));
    }

    private OpenRequests.Start Start(JsonRpcRequest request)
    {
        Assert.Equal(OpenRequests.Admission.Opened, _open.TryOpen(request));
        return _open.TryStart(request);
    }

    private static JsonRpcRequest Request(int id, string method, string? progressToken = null) => new()
    {
        Id = new RequestId(id),
        Method = method,
        Params = progressToken is null ? null : new JsonObject { ["_meta"] = new JsonObject { ["progressToken"] = progressToken } },
    };
}
