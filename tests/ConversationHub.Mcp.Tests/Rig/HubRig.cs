using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Prompts;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Tools;
using ConversationHub.Routing;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Tests.Rig;

/// <summary>
/// The product's transport, protocol and tools in memory, with a router that the test scripts. The test writes lines
/// and sees every line that comes back.
/// </summary>
internal sealed class HubRig : IAsyncDisposable
{
    private readonly Pipe _toServer = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly Pipe _fromServer = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly CancellationTokenSource _stop = new();
    private readonly CapturingLoggerFactory _logs = new();
    private readonly HubSession _session;
    private readonly Task _serving;

    public HubRig(TimeProvider? time = null, HubSettings? settings = null, Stream? output = null, bool readOutput = true)
    {
        Time = time ?? TimeProvider.System;
        Settings = settings ?? DefaultSettings;
        var asker = new QuestionAsker(Router, new KeptConversations(Settings, Time, _logs.CreateLogger<KeptConversations>()), new QuestionGate(Time), new IdSource(Time), Time, Settings);
        var dispatch = new ToolDispatch(
            [new AskTool(asker), new HealthTool(Health), new LegacyAskTool(asker)], _logs.CreateLogger<ToolDispatch>());
        var source = new ConversationSource(Conversations, Settings);
        var resources = new ConversationResources(source, _logs.CreateLogger<ConversationResources>());
        var features = new HubFeatures(dispatch, resources, new ConversationPrompts(source, resources), new ConversationCompletion(source));
        Transport = new StdioTransport(_toServer.Reader.AsStream(), output ?? _fromServer.Writer.AsStream(), Time, _logs);
        _session = new HubSession(Transport, features, _logs, services: null);
        _serving = _session.RunAsync(_stop.Token);
        if (readOutput)
            _ = ReadOutputAsync();
    }

    public static HubSettings DefaultSettings { get; } = new()
    {
        Routing = new RoutingOptions(),
        UserId = "anonymous",
        Timeout = TimeSpan.FromSeconds(50),
        LogLevel = LogLevel.Information,
    };

    public TimeProvider Time { get; }

    public HubSettings Settings { get; }

    public FakeRouter Router { get; } = new();

    public FakeHealthReader Health { get; } = new();

    public FakeConversationReader Conversations { get; } = new();

    public StdioTransport Transport { get; }

    public Journal<LogRecord> Logs => _logs.Records;

    /// <summary>Every line the server wrote, as it is.</summary>
    public Journal<string> Lines { get; } = new();

    public Stream ClientWrites => _toServer.Writer.AsStream();

    public Stream ClientReads => _fromServer.Reader.AsStream();

    public Task WriteAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text));

    public async Task WriteAsync(byte[] bytes) => await _toServer.Writer.WriteAsync(bytes);

    public Task WriteLineAsync(string line) => WriteAsync(line + "\n");

    public Task RequestAsync(int id, string method, string parameters = "{}") =>
        WriteLineAsync($$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}}}""");

    public Task CallAsync(int id, string tool, string arguments = "{}", string meta = "{}") =>
        RequestAsync(id, "tools/call", $$"""{"name":"{{tool}}","arguments":{{arguments}},"_meta":{{meta}}}""");

    /// <summary>Opens as clients of the older era do, under request id 0.</summary>
    public async Task ShakeHandsAsync(string client = "test")
    {
        await RequestAsync(0, "initialize", $$"""{"protocolVersion":"2025-11-25","clientInfo":{"name":"{{client}}","version":"1"},"capabilities":{} }""");
        await AnswerAsync(0);
        await WriteLineAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
    }

    public void EndInput() => _toServer.Writer.Complete();

    public async Task<JsonObject> AnswerAsync(int id) => JsonNode.Parse(await Lines.FirstAsync(line => IsAnswerTo(line, id)))!.AsObject();

    public async Task<JsonObject> ResultAsync(int id) => (await AnswerAsync(id))["result"]!.AsObject();

    /// <summary>How many answers an id has got so far.</summary>
    public int AnswersTo(int id) => Lines.Snapshot().Count(line => IsAnswerTo(line, id));

    /// <summary>Writes an innocent request and waits for its answer: what came before it has been handled.</summary>
    public async Task SettleAsync(int id = 999)
    {
        await RequestAsync(id, "tools/list");
        await AnswerAsync(id);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Transport.DisposeAsync();
        await _serving.WaitAsync(TestTimeouts.Signal);
        await _session.DisposeAsync();
        _stop.Dispose();
        _logs.Dispose();
    }

    private static bool IsAnswerTo(string line, int id) =>
        JsonNode.Parse(line) is JsonObject message && message["method"] is null && message["id"] is JsonValue value &&
        value.TryGetValue<int>(out var answered) && answered == id;

    private async Task ReadOutputAsync()
    {
        using var reader = new StreamReader(_fromServer.Reader.AsStream());
        while (await reader.ReadLineAsync() is { } line)
            Lines.Add(line);
    }
}
