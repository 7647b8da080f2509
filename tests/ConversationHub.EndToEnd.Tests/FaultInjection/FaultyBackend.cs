using System.Text.Json.Nodes;
using ConversationHub.EndToEnd.Tests.Backend;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>
/// A real backend that is killed and started anew over the same store, behind a wire that loses things. Every other run asks a model that takes
/// its time, so that a kill can fall between a question and its reply: what is answered at once is stored together (docs/decisions/0052).
/// </summary>
internal sealed class FaultyBackend : IAsyncDisposable
{
    private static readonly TimeSpan Thinking = TimeSpan.FromMilliseconds(150);
    private static readonly CannedResponse Completion = CannedResponse.Json(200, new JsonObject
    {
        ["model"] = "slow-model",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = "It took a while to find out." },
            ["finish_reason"] = "stop",
        }),
    });

    private readonly TemporaryFolder _folder = new();
    private readonly string _mode;
    private readonly string _key;
    private BackendProcess _process = null!;
    private int _runs;

    private FaultyBackend(string mode, string key, int seed, Arrivals arrivals)
    {
        (_mode, _key) = (mode, key);
        Faults = new FaultDraw(seed, () => _process.Url);
        Wire = ChaosProxy.Start(Chaos.StallBeforeHeaders);
        Wire.Route = request =>
        {
            var behaviour = Faults.Draw(request);
            arrivals.Note(request);
            return behaviour;
        };
    }

    public string Mode => _mode;

    public ChaosProxy Wire { get; }

    public FaultDraw Faults { get; }

    /// <summary>Answers late, and everything.</summary>
    public ChaosProxy Model { get; } = ChaosProxy.Start(Chaos.Drip(Completion, Thinking, TimeProvider.System, Completion.Body.Length));

    public int Kills { get; private set; }

    /// <summary>As it is itself, past the wire and its faults.</summary>
    public Uri Url => _process.Url;

    public static async Task<FaultyBackend> StartAsync(string mode, string key, int seed, Arrivals arrivals)
    {
        var backend = new FaultyBackend(mode, key, seed, arrivals);
        await backend.RestartAsync();
        return backend;
    }

    /// <summary>SIGKILL while the model works on the question that this asks, which stays without a reply there.</summary>
    public async Task KillWhileItThinksAsync(Func<Task> ask)
    {
        var asked = Model.RequestAsync(Model.Requests.Count + 1);
        Model.Next(Chaos.StallBeforeHeaders);
        var asking = ask();
        await asked;
        await KillAsync();
        await asking;
    }

    /// <summary>SIGKILL, in the middle of whatever it does.</summary>
    public Task KillAsync()
    {
        Kills++;
        return _process.KillAsync();
    }

    public Task RestartAsync() => RestartAsync(withModel: _runs++ % 2 == 0);

    public async Task RestartAsync(bool withModel)
    {
        if (_process is not null)
            await _process.DisposeAsync();
        (string, string)[] model = withModel
            ? [("LLM_PROVIDER", "compatible"), ("LLM_BASE_URL", new Uri(Model.Url, "/v1").ToString()), ("LLM_MODEL", "slow-model")]
            : [];
        _process = await BackendProcess.StartAsync(
            _mode, _folder.Path, settings: [("MAESTRA_API_KEY", _key), ("MAESTRA_RATE_LIMIT_ENABLED", "false"), .. model]);
    }

    /// <summary>Everything that is stored in these conversations.</summary>
    public async Task<IReadOnlyList<StoredMessage>> ReadBackAsync(IEnumerable<string> conversations)
    {
        using var caller = new BackendCaller(_process.Url, _key);
        var stored = new List<StoredMessage>();
        foreach (var conversation in conversations)
        {
            var document = await caller.GetAsync($"/conversations/{conversation}?limit=10000");
            foreach (var message in document["messages"]?.AsArray() ?? [])
                stored.Add(StoredMessage.Read(message!.AsObject()));
        }

        return stored;
    }

    /// <summary>Asks once more what the hub asked here, past the wire and its faults.</summary>
    public async Task<JsonObject> RepeatAsync(RecordedRequest request)
    {
        using var caller = new BackendCaller(_process.Url, _key);
        return (await caller.SendAsync(HttpMethod.Post, request.Path, request.Text, operationId: request.OperationId)).Body;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await Wire.DisposeAsync();
        await Model.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>A message as a backend gives it back.</summary>
internal sealed record StoredMessage(string OperationId, bool IsQuestion, string Content)
{
    public static StoredMessage Read(JsonObject message) => new(
        message["meta"]!.AsObject().String("operation_id")!, message.String("role") == "user", message.String("content")!);
}
