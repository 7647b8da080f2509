using ConversationHub.McpHttp;

namespace ConversationHub.Mcp.Tests.Http;

public sealed class CallerCheckTests
{
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.1:8830", true)]
    [InlineData("localhost:8830", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("[::1]:8830", true)]
    [InlineData("127.0.0.2", false)]
    [InlineData("evil.example", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("user@localhost", false)]
    [InlineData("localhost/x", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void IsThisMachine_Host_OnlyLoopback(string? host, bool expected) => Assert.Equal(expected, CallerCheck.IsThisMachine(host));

    [Theory]
    [InlineData(null, true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("https://127.0.0.1", true)]
    [InlineData("null", false)]
    [InlineData("https://evil.example", false)]
    [InlineData("http://localhost.evil.example", false)]
    [InlineData("file://localhost", false)]
    public void MayAsk_Origin_OnlyLoopback(string? origin, bool expected) => Assert.Equal(expected, CallerCheck.MayAsk(origin));

    [Theory]
    [InlineData("Bearer 0123456789abcdef", true)]
    [InlineData("bearer 0123456789abcdef", true)]
    [InlineData("Bearer 0123456789abcdeF", false)]
    [InlineData("Bearer", false)]
    [InlineData("Basic 0123456789abcdef", false)]
    [InlineData("0123456789abcdef", false)]
    [InlineData(null, false)]
    public void HasToken_Authorization_MustMatch(string? authorization, bool expected)
    {
        Assert.Equal(expected, CallerCheck.HasToken(authorization, "0123456789abcdef"));
        Assert.True(CallerCheck.HasToken(authorization, token: null));
    }
}
