using System.Text.Json.Nodes;
using Maestra.Backend.Logging;
using Microsoft.Extensions.Logging;

namespace Maestra.Backend.Tests.Logging;

public sealed class LogLineTests
{
    [Fact]
    public void Format_Json_HasTheFieldsOfWireMd()
    {
        var entry = Entry("Ask answered", [new("RequestId", "r-1"), new("UserPseudonym", "u_0a1b2c3d4e5f6071"), new("DurationMs", 812L)]);

        Assert.Equal(
            """{"timestamp":"2026-01-05T09:30:00.935000Z","level":"INFO","service":"maestra-backend","request_id":"r-1","user_id":"u_0a1b2c3d4e5f6071","message":"Ask answered","duration_ms":812,"event_id":1001,"category":"c"}""",
            JsonLogLine.Format(entry));
    }

    [Fact]
    public void Format_JsonWithException_IsOneLine()
    {
        var line = JsonLogLine.Format(Entry("Failed", []) with { Exception = new InvalidOperationException("a\nb") });

        Assert.DoesNotContain('\n', line);
        Assert.Contains("a b", (string?)JsonNode.Parse(line)!["error"], StringComparison.Ordinal);
    }

    [Fact]
    public void Format_Text_IsOneReadableLine() =>
        Assert.Equal("2026-01-05T09:30:00.935000Z INFO    1001 Ask answered", TextLogLine.Format(Entry("Ask answered", [])));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("two\r\nlines", "two  lines")]
    [InlineData("esc\u001b[31m", "esc[31m")]
    [InlineData("r\u202Eevil\u2066x\u200F", "revilx")]
    [InlineData("naïve 日本", "naïve 日本")]
    public void Clean_ControlAndBidirectional_AreGone(string text, string expected) => Assert.Equal(expected, LogText.Clean(text));

    private static LogEntry Entry(string message, KeyValuePair<string, object?>[] fields) =>
        new("2026-01-05T09:30:00.935000Z", LogLevel.Information, 1001, "c", message, fields, null);
}
