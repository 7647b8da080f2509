namespace ConversationHub.Contracts.Tests;

public sealed class TraceContextTests
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Theory]
    [InlineData(Parent)]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]
    public void TryCreate_Parent_IsKept(string parent) => Assert.Equal(parent, TraceContext.TryCreate(parent, null)!.Parent);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033\r\n-01")]
    [InlineData("00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\u0664-01")]
    public void TryCreate_AnotherForm_IsNone(string? parent) => Assert.Null(TraceContext.TryCreate(parent, "a=b"));

    [Theory]
    [InlineData("a=b,c=d", "a=b,c=d")]
    [InlineData("a=b\r\nX-Injected: 1", null)]
    [InlineData("a=\u00e9", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void TryCreate_State_IsPrintableOrNone(string? state, string? kept) => Assert.Equal(kept, TraceContext.TryCreate(Parent, state)!.State);

    [Fact]
    public void TryCreate_StateLongerThanAllPassOn_IsNone()
    {
        Assert.NotNull(TraceContext.TryCreate(Parent, new string('a', TraceContext.MaxStateLength))!.State);
        Assert.Null(TraceContext.TryCreate(Parent, new string('a', TraceContext.MaxStateLength + 1))!.State);
    }
}
