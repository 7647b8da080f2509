using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Mcp;

namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>Many calls in flight on one hub: reads each line of its output once, whoever waits for it.</summary>
internal sealed class ManyCalls
{
    private readonly StdioMcpClient _hub;
    private readonly SemaphoreSlim _input = new(1, 1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> _answers = new();

    public ManyCalls(StdioMcpClient hub)
    {
        _hub = hub;
        _ = ReadAsync();
    }

    /// <summary>The result of one tool call, whatever it is.</summary>
    public async Task<JsonObject> CallAsync(string tool, JsonObject arguments)
    {
        int id;
        await _input.WaitAsync();
        try
        {
            id = await _hub.SendAsync("tools/call", StdioMcpClient.ToolCall(tool, arguments));
        }
        finally
        {
            _input.Release();
        }

        var answer = await Answer(id).Task.WaitAsync(TestTimeouts.Signal);
        return answer["result"] as JsonObject ?? throw new InvalidOperationException($"Call {id} was answered with {answer.ToJsonString()}");
    }

    private TaskCompletionSource<JsonObject> Answer(int id) =>
        _answers.GetOrAdd(id, _ => new TaskCompletionSource<JsonObject>(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task ReadAsync()
    {
        for (var number = 1; ; number++)
        {
            var message = JsonNode.Parse(await _hub.Program.Output.ItemAsync(number))!.AsObject();
            if (message["id"] is JsonValue value && value.TryGetValue<int>(out var id) && message["method"] is null && !Answer(id).TrySetResult(message))
                throw new InvalidOperationException($"Call {id} was answered twice.");
        }
    }
}
