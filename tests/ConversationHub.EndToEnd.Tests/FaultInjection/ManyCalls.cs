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
    private readonly Task _reading;
    private volatile bool _isOver;

    public ManyCalls(StdioMcpClient hub)
    {
        _hub = hub;
        _reading = ReadAsync();
    }

    /// <summary>The result of one tool call, whatever it is.</summary>
    public async Task<JsonObject> CallAsync(string tool, JsonObject arguments)
    {
        var id = await SendAsync("tools/call", StdioMcpClient.ToolCall(tool, arguments));
        return Result(id, await ReadAsync(id));
    }

    /// <summary>A call that is cancelled when <paramref name="enough"/> is done, unless it has been answered by then.</summary>
    /// <returns>The result; null when it was cancelled before there was one, after which nothing may be said of it any more.</returns>
    public async Task<JsonObject?> CallUntilAsync(string tool, JsonObject arguments, Task enough)
    {
        var id = await SendAsync("tools/call", StdioMcpClient.ToolCall(tool, arguments));
        await EndOfAsync(Task.WhenAny(Answer(id).Task, enough));
        if (!Answer(id).Task.IsCompleted)
        {
            await WriteAsync(() => _hub.NotifyAsync("notifications/cancelled", new JsonObject { ["requestId"] = id }));

            // Lines are handled in order: what was still to be said of the call stands before this answer.
            await ReadAsync(await SendAsync("ping"));
        }

        return Answer(id).TrySetCanceled() ? null : Result(id, await Answer(id).Task);
    }

    /// <summary>No more calls.</summary>
    /// <exception cref="InvalidOperationException">The hub said something that it must not say.</exception>
    public Task EndAsync()
    {
        _isOver = true;
        return _reading.IsFaulted ? _reading : Task.CompletedTask;
    }

    private static JsonObject Result(int id, JsonObject answer) =>
        answer["result"] as JsonObject ?? throw new InvalidOperationException($"Call {id} was answered with {answer.ToJsonString()}");

    private async Task<int> SendAsync(string method, JsonObject? parameters = null)
    {
        var id = 0;
        await WriteAsync(async () => id = await _hub.SendAsync(method, parameters));
        return id;
    }

    private async Task WriteAsync(Func<Task> write)
    {
        await _input.WaitAsync();
        try
        {
            await write();
        }
        finally
        {
            _input.Release();
        }
    }

    private async Task<JsonObject> ReadAsync(int id)
    {
        await EndOfAsync(Answer(id).Task);
        return await Answer(id).Task;
    }

    private async Task EndOfAsync(Task awaited)
    {
        if (await Task.WhenAny(awaited, _reading).WaitAsync(TestTimeouts.Signal) == _reading)
            await _reading;
    }

    private TaskCompletionSource<JsonObject> Answer(int id) =>
        _answers.GetOrAdd(id, _ => new TaskCompletionSource<JsonObject>(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task ReadAsync()
    {
        for (var number = 1; await LineAsync(number) is { } line; number++)
        {
            var message = JsonNode.Parse(line)!.AsObject();
            if (message["id"] is JsonValue value && value.TryGetValue<int>(out var id) && message["method"] is null && !Answer(id).TrySetResult(message))
                throw new InvalidOperationException($"Call {id} was answered twice, or after it had been cancelled.");
        }
    }

    private async Task<string?> LineAsync(int number)
    {
        while (!_isOver)
        {
            try
            {
                return await _hub.Program.Output.ItemAsync(number);
            }
            catch (TimeoutException)
            {
                // Nothing was said because nothing was asked: who waits for an answer has a limit of their own.
            }
        }

        return null;
    }
}
