using System.Text;
using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Stdio;
using ConversationHub.McpHttp;
using Microsoft.AspNetCore.Http;

namespace ConversationHub.Mcp.Tests.Http;

public sealed class HeldBodyTests
{
    private readonly HeldBody.Sum _all = new();

    [Fact]
    public async Task Read_WhileOthersTakeAllThereIs_IsRefusedAndLeavesNothingBehind()
    {
        _all.Add(HttpLimits.MaxBodyBytes - 4);
        using (var body = new HeldBody(_all))
        {
            var refusal = await body.ReadAsync(Request("12345"));
            Assert.Equal(StatusCodes.Status503ServiceUnavailable, refusal!.Status);
            Assert.Contains("64 MiB together", refusal.Error.Message, StringComparison.Ordinal);
        }

        using var fits = new HeldBody(_all);
        Assert.Null(await fits.ReadAsync(Request("1234")));
        Assert.Equal(HttpLimits.MaxBodyBytes, _all.Add(0));
        Assert.Equal("1234", Encoding.UTF8.GetString(fits.Bytes));
    }

    [Fact]
    public async Task Read_LongerThanALineMayBe_IsRefused()
    {
        using var body = new HeldBody(_all);
        var refusal = await body.ReadAsync(Request(new string('a', StdioLimits.MaxLineBytes + 1)));
        Assert.Equal(StatusCodes.Status413PayloadTooLarge, refusal!.Status);
    }

    private static HttpRequest Request(string body) =>
        new DefaultHttpContext { Request = { Body = new MemoryStream(Encoding.UTF8.GetBytes(body)) } }.Request;
}
