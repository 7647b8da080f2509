using System.Text.Json;
using ConversationHub.Mcp.Logging;
using ConversationHub.Mcp.Tests.Rig;
using ConversationHub.Testing;
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

    /// <summary>A client that never reads standard error must not hold a question up.</summary>
    [Fact]
    public async Task Log_NobodyReads_NobodyWaitsAndWhatIsLostIsCounted()
    {
        using var stuck = new StuckWriter();
        var queue = new StderrQueue(stuck);
        queue.Add(() => "first");
        await stuck.Entered.Task.WaitAsync(TestTimeouts.Signal);
        for (var line = 0; line < StderrQueue.MaxLines + 7; line++)
            queue.Add(() => "more");
        queue.Drain(TimeSpan.Zero);
        Assert.Empty(stuck.Lines);

        stuck.MayGoOn.Set();
        queue.Drain(TestTimeouts.Signal);

        Assert.Equal(1 + StderrQueue.MaxLines + 1, stuck.Lines.Count);
        Assert.Equal("7 log lines were dropped: standard error was not read.", stuck.Lines[^1]);
    }

    /// <summary>It is written on a thread of the pool, where nobody would catch what it throws.</summary>
    [Fact]
    public void Log_LineThatCannotBeMade_IsLostAlone()
    {
        var queue = new StderrQueue(_stderr);
        queue.Add(() => throw new InvalidTimeZoneException("an exception that cannot tell itself"));
        queue.Add(() => "the next one");
        queue.Drain(TestTimeouts.Signal);
        Assert.Equal("the next one", _stderr.ToString().Trim());
    }

    private sealed class StuckWriter : StringWriter
    {
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim MayGoOn { get; } = new();

        public List<string?> Lines { get; } = [];

        public override void WriteLine(string? value)
        {
            Entered.TrySetResult();
            Assert.True(MayGoOn.Wait(TestTimeouts.Signal));
            Lines.Add(value);
        }

        protected override void Dispose(bool disposing)
        {
            MayGoOn.Dispose();
            base.Dispose(disposing);
        }
    }

    private void Log(bool asJson, string category, string message, Exception? exception)
    {
        using var provider = new StderrLoggerProvider(
            _stderr, new ManualTimeProvider(), HubRig.DefaultSettings with { LogAsJson = asJson });
        provider.CreateLogger(category).Log(LogLevel.Warning, 4001, message, exception, (state, _) => state);
        provider.Drain(TestTimeouts.Signal);
    }
}
