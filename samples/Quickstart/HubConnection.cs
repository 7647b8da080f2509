using System.Diagnostics;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Quickstart;

/// <summary>The real <c>conversation-hub-mcp</c> as a child process, and an MCP client of the official SDK on its standard streams.</summary>
internal sealed class HubConnection : IAsyncDisposable
{
    private const int MaxHealthPolls = 100;
    private static readonly TimeSpan HealthPoll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(60);

    private readonly ChildProgram _program;
    private readonly McpClient _client;

    private HubConnection(ChildProgram program, McpClient client)
    {
        _program = program;
        _client = client;
    }

    public static async Task<HubConnection> OpenAsync(string home, Uri local, Uri cloud, string apiKey)
    {
        var program = ChildProgram.Start("ConversationHub.Mcp", "conversation-hub-mcp", home, new Dictionary<string, string>
        {
            ["MAESTRA_LOCAL_URL"] = local.ToString(),
            ["MAESTRA_CLOUD_URL"] = cloud.ToString(),
            ["MAESTRA_API_KEY"] = apiKey,
            ["MAESTRA_USER_ID"] = "ada",
        });
        try
        {
            using var limit = new CancellationTokenSource(CallLimit);
            var transport = new StreamClientTransport(program.Input, program.Output);
            var options = new McpClientOptions { ClientInfo = new Implementation { Name = "quickstart", Version = "1.0.0" } };
            return new HubConnection(program, await McpClient.CreateAsync(transport, options, cancellationToken: limit.Token));
        }
        catch (McpException refused)
        {
            await program.DisposeAsync();
            throw new StoryException($"the hub did not open a session: {refused.Message}");
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    public async Task<IReadOnlyList<string>> ListToolsAsync()
    {
        using var limit = new CancellationTokenSource(CallLimit);
        return [.. (await _client.ListToolsAsync(cancellationToken: limit.Token)).Select(tool => tool.Name)];
    }

    public async Task<Answer> AskAsync(string message, string? conversationId)
    {
        var arguments = new Dictionary<string, object?> { ["message"] = message };
        if (conversationId is not null)
            arguments["conversation_id"] = conversationId;
        var clock = Stopwatch.StartNew();
        var result = await CallAsync("maestra_ask", arguments);
        var elapsed = clock.Elapsed;
        return new Answer(
            result.GetProperty("answer").GetString()!,
            result.GetProperty("served_by").GetString(),
            result.GetProperty("conversation_id").GetString()!,
            elapsed.TotalMilliseconds);
    }

    /// <summary>Asks for the health until the hub would use the local backend again; how long that took, in milliseconds.</summary>
    public async Task<double> WaitUntilLocalIsBackAsync()
    {
        var clock = Stopwatch.StartNew();
        for (var poll = 0; poll < MaxHealthPolls; poll++)
        {
            var health = await CallAsync("maestra_health", new Dictionary<string, object?>());
            var local = health.GetProperty("targets").EnumerateArray().First(target => target.GetProperty("name").GetString() == "local");
            if (health.GetProperty("active").GetString() == "local" && local.GetProperty("breaker").GetString() == "closed")
                return clock.Elapsed.TotalMilliseconds;
            await Task.Delay(HealthPoll);
        }

        throw new StoryException($"the hub did not notice that the local backend is back:\n{_program.Errors}");
    }

    /// <summary>Ends the input, as a client that is done does; the exit code.</summary>
    public async Task<int> CloseAsync()
    {
        _program.Input.Close();
        return await _program.ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _program.DisposeAsync();
    }

    private async Task<JsonElement> CallAsync(string tool, Dictionary<string, object?> arguments)
    {
        using var limit = new CancellationTokenSource(CallLimit);
        try
        {
            var result = await _client.CallToolAsync(tool, arguments, cancellationToken: limit.Token);
            return result.StructuredContent ?? throw new StoryException($"{tool} gave no structured result");
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            throw new StoryException($"{tool} was not answered: {failure.Message}\n{_program.Errors}");
        }
    }
}
