using System.Text.Json;
using ConversationHub.Mcp.Logging;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;

namespace ConversationHub.Mcp.Tests.Logging;

public sealed class StderrLoggerTests
{
    private readonly StringWriter _stderr = new();

    [Fact]
    public void Log_AsText_IsOneCleanLine()
    {
        Log(asJson: false, "Hub", "two\nlines \u202e", null);
        Assert.Equal("2026-01-05T09:30:00.000000Z WARNING 4001 Hub: two lines \n", _stderr.ToString().ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Log_AsJson_HasTheFieldsOfTheWireFormat()
    {
        Log(asJson: true, "Hub", "said", new InvalidOperationException("why"));
        var line = JsonElement.Parse(_stderr.ToString());
        Assert.Equal("2026-01-05T09:30:00.000000Z", line.GetProperty("timestamp").GetString());
        Assert.Equal("WARNING", line.GetProperty("level").GetString());
        Assert.Equal("conversation-hub-mcp", line.GetProperty("service").GetString());
        Assert.Equal("said", line.GetProperty("message").GetString());
        Assert.Equal(4001, line.GetProperty("event_id").GetInt32());
        Assert.Contains("why", line.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Log_CancelledOrProtocolError_IsNoLine()
    {
        Log(asJson: false, "ModelContextProtocol.Server.McpServer", "failed", new OperationCanceledException());
        Log(asJson: false, "ModelContextProtocol.Server.McpServer", "failed", new McpProtocolException("no tool", McpErrorCode.InvalidParams));
        Assert.Empty(_stderr.ToString());
    }

    private void Log(bool asJson, string category, string message, Exception? exception)
    {
        using var provider = new StderrLoggerProvider(
            _stderr, new ManualTimeProvider(), HubRig.DefaultSettings with { LogAsJson = asJson });
        provider.CreateLogger(category).Log(LogLevel.Warning, 4001, message, exception, (state, _) => state);
    }
}
