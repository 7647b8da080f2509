using System.Net;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Processes.TwoSides;

/// <summary>One side: a real backend that is killed and started anew over the same data, and writers that ask it until it has acknowledged.</summary>
internal sealed class RestartingBackend(string mode, params (string Name, string Value)[] settings) : IAsyncDisposable
{
    private const string Key = "a-key-of-all-users-0001";

    /// <summary>A question that is not acknowledged is asked again, with its id; so often and the test is at its end.</summary>
    private const int MaxTries = 3_000;

    private const int MaxStarts = 5;

    /// <summary>Of processes before the running one.</summary>
    private const int MaxLogs = 20;

    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new() { Timeout = TestTimeouts.Signal };
    private readonly Queue<string> _said = new();
    private BackendProcess? _process;

    public string Mode => mode;

    public Uri Url => _process!.Url;

    public int Kills { get; private set; }

    /// <summary>How often it ended instead of becoming healthy.</summary>
    public int RefusedStarts { get; private set; }

    /// <summary>What the latest processes have said on standard error, for messages.</summary>
    public string ErrorText => string.Join('\n', [.. _said, _process?.Program.ErrorText ?? ""]);

    private (string Name, string Value)[] Settings =>
        [("MAESTRA_API_KEY", Key), ("MAESTRA_RATE_LIMIT_ENABLED", "false"), ("MAESTRA_SYNC_INTERVAL_SECONDS", "1"), .. settings];

    /// <summary>As whoever looks after it would: one that refuses to start, because its database does not answer in time, is started again.</summary>
    /// <param name="port">Null: a free one, so that peers have to be led to it.</param>
    public async Task StartAsync(int? port = null)
    {
        var former = _process;
        for (var tries = 1; ; tries++)
        {
            try
            {
                _process = await BackendProcess.StartAsync(mode, _folder.Path, port, Settings);
                break;
            }
            catch (InvalidOperationException) when (tries < MaxStarts)
            {
                RefusedStarts++;
            }
        }

        if (former is null)
            return;
        await former.DisposeAsync();
        _said.Enqueue(former.Program.ErrorText);
        if (_said.Count > MaxLogs)
            _said.Dequeue();
    }

    /// <summary>SIGKILL, in the middle of whatever it does.</summary>
    public Task KillAsync()
    {
        Kills++;
        return _process!.KillAsync();
    }

    /// <summary>SIGTERM, as an operator stops it.</summary>
    public Task StopAsync() => _process!.StopAsync();

    /// <summary>As a start in a new container does: what it kept of its database beside itself is gone, and was there.</summary>
    public void ForgetDatabase()
    {
        var path = _folder.Combine("state", "database.seen");
        Assert.True(File.Exists(path), path);
        File.Delete(path);
    }

    /// <summary>A command of the program over the same data, which must succeed.</summary>
    public async Task<IReadOnlyList<string>> CommandAsync(params string[] arguments)
    {
        var start = new ProgramStart(BuiltPrograms.Backend, _folder.Path, arguments)
            .With("CONVERSATION_HUB_ROOT", _folder.Combine("conversations"))
            .With("MAESTRA_STATE_ROOT", _folder.Combine("state"))
            .With("MAESTRA_MODE", mode);
        var result = await RunningProgram.RunAsync(Settings.Aggregate(start, static (so, setting) => so.With(setting.Name, setting.Value)));
        Assert.True(result.ExitCode == 0, result.ErrorText);
        return result.Output;
    }

    /// <summary>Asks until it is acknowledged, whatever dies meanwhile.</summary>
    public async Task AskAsync(string message, string conversation, Guid operation)
    {
        var last = "";
        for (var tries = 0; tries < MaxTries; tries++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url, Routes.Core));
                request.Content = TestBackend.Json(TestBackend.Question(message, conversation));
                request.Headers.Add(HeaderNames.IdempotencyKey, operation.ToString());
                var reply = await SendAsync(request);
                if (reply.Status == HttpStatusCode.OK)
                    return;

                // Its database may be down, its other run may still be going on; nothing else may be wrong with a question.
                last = reply.Text;
                Assert.True((int)reply.Status >= 500 || reply.Status == HttpStatusCode.Conflict, $"{mode} refused {message}: {reply.Text}");
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                last = e.Message;
            }

            await Task.Delay(BetweenTries, TimeProvider.System);
        }

        Assert.Fail($"{mode} never acknowledged {message}: {last}\n{ErrorText}");
    }

    /// <summary>Every conversation of the user, by its id.</summary>
    public async Task<SortedDictionary<string, JsonObject>> ExportAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url, "/users/ada/export"));
        var reply = await SendAsync(request);
        var all = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        if (reply.Status == HttpStatusCode.NotFound)
            return all;
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        foreach (var one in reply.Json["conversations"]!.AsArray())
            all.Add((string)one!["id"]!, one.AsObject());
        return all;
    }

    /// <summary>How it and its peer stand, for messages.</summary>
    public async Task<string> PeersAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url, Routes.Peers));
        return (await SendAsync(request)).Text;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _client.Dispose();
        _folder.Dispose();
    }

    private async Task<Reply> SendAsync(HttpRequestMessage request)
    {
        request.Headers.Add(HeaderNames.ApiKey, Key);
        using var response = await _client.SendAsync(request);
        return await Reply.ReadAsync(response);
    }
}
