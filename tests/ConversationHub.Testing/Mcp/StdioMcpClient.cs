using System.Text.Json;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Processes;

namespace ConversationHub.Testing.Mcp;

/// <summary>
/// An MCP client that speaks JSON lines to a real process and hides nothing: what the server wrote is kept line by
/// line, also what should not be there.
/// </summary>
public sealed class StdioMcpClient : IAsyncDisposable
{
    private const string HandshakeVersion = "2025-11-25";
    private const string StatelessVersion = "2026-07-28";

    private readonly McpEra _era;
    private readonly JsonObject _clientInfo;
    private int _lastId;

    private StdioMcpClient(RunningProgram program, McpEra era, string clientName)
    {
        Program = program;
        _era = era;
        _clientInfo = new JsonObject { ["name"] = clientName, ["version"] = "1.0.0" };
    }

    public RunningProgram Program { get; }

    /// <summary>Lines on standard output that are not one JSON-RPC 2.0 object. Must be empty, whatever happens.</summary>
    public IReadOnlyList<string> StrayLines => [.. Program.Output.Snapshot().Where(line => Message(line) is null)];

    /// <summary>Messages that are no answers, in order: progress and the like.</summary>
    public IReadOnlyList<JsonObject> Notifications =>
        [.. Program.Output.Snapshot().Select(Message).OfType<JsonObject>().Where(message => message["method"] is not null)];

    /// <summary>Starts the server and, in the era of handshakes, opens the connection.</summary>
    public static async Task<StdioMcpClient> StartAsync(ProgramStart start, McpEra era = McpEra.Handshake, string clientName = "test-client")
    {
        var client = new StdioMcpClient(RunningProgram.Start(start), era, clientName);
        try
        {
            if (era == McpEra.Handshake)
                await client.ShakeHandsAsync();
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a request and returns its id at once; the answer is had from <see cref="AnswerAsync"/>.</summary>
    public async Task<int> SendAsync(string method, JsonObject? parameters = null)
    {
        var id = Interlocked.Increment(ref _lastId);
        var with = parameters is null ? [] : (JsonObject)parameters.DeepClone();
        if (_era == McpEra.Stateless)
            AddStatelessMeta(with);
        await WriteLineAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = with }.ToJsonString());
        return id;
    }

    public Task NotifyAsync(string method, JsonObject? parameters = null)
    {
        var message = new JsonObject { ["jsonrpc"] = "2.0", ["method"] = method };
        if (parameters is not null)
            message["params"] = parameters.DeepClone();
        return WriteLineAsync(message.ToJsonString());
    }

    /// <summary>One line, as it is.</summary>
    public async Task WriteLineAsync(string line)
    {
        await Program.Input.WriteAsync(line + "\n");
        await Program.Input.FlushAsync();
    }

    /// <summary>The whole answer to <paramref name="id"/>, result or error.</summary>
    /// <exception cref="InvalidOperationException">The server ended without answering.</exception>
    public async Task<JsonObject> AnswerAsync(int id)
    {
        var answer = Program.Output.FirstAsync(line => IsAnswerTo(line, id));
        if (await Task.WhenAny(answer, Program.ExitAsync()) != answer && !Program.Output.Snapshot().Any(line => IsAnswerTo(line, id)))
            throw new InvalidOperationException($"The server ended without an answer to {id}:\n{Program.ErrorText}");
        return Message(await answer)!;
    }

    /// <summary>The <c>result</c> of a request.</summary>
    /// <exception cref="InvalidOperationException">It was answered with an error.</exception>
    public async Task<JsonObject> ResultAsync(string method, JsonObject? parameters = null)
    {
        var answer = await AnswerAsync(await SendAsync(method, parameters));
        return answer["result"] as JsonObject ?? throw new InvalidOperationException($"{method} was answered with {answer.ToJsonString()}");
    }

    /// <summary>The whole result of a tool call, <c>isError</c> or not.</summary>
    public Task<JsonObject> CallToolAsync(string name, JsonObject? arguments = null) => ResultAsync("tools/call", ToolCall(name, arguments));

    /// <summary>The parameters of a <c>tools/call</c>, for <see cref="SendAsync"/>.</summary>
    public static JsonObject ToolCall(string name, JsonObject? arguments = null) =>
        new() { ["name"] = name, ["arguments"] = arguments?.DeepClone() ?? new JsonObject() };

    /// <summary>Ends the input, as a client that is done does, and returns the exit code.</summary>
    public Task<int> CloseAsync()
    {
        Program.Input.Close();
        return Program.ExitAsync();
    }

    public ValueTask DisposeAsync() => Program.DisposeAsync();

    private async Task ShakeHandsAsync()
    {
        await ResultAsync("initialize", new JsonObject
        {
            ["protocolVersion"] = HandshakeVersion,
            ["capabilities"] = new JsonObject(),
            ["clientInfo"] = _clientInfo.DeepClone(),
        });
        await NotifyAsync("notifications/initialized");
    }

    private void AddStatelessMeta(JsonObject parameters)
    {
        if (parameters["_meta"] is not JsonObject meta)
            parameters["_meta"] = meta = [];
        meta["io.modelcontextprotocol/protocolVersion"] = StatelessVersion;
        meta["io.modelcontextprotocol/clientCapabilities"] = new JsonObject();
        meta["io.modelcontextprotocol/clientInfo"] = _clientInfo.DeepClone();
    }

    private static bool IsAnswerTo(string line, int id) =>
        Message(line) is { } message && message["method"] is null
        && message["id"] is JsonValue value && value.TryGetValue<int>(out var answered) && answered == id;

    // Null when the line is not one JSON-RPC message.
    private static JsonObject? Message(string line)
    {
        try
        {
            return JsonNode.Parse(line) is JsonObject message && message["jsonrpc"] is JsonValue version
                && version.TryGetValue<string>(out var text) && text == "2.0" ? message : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
