using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Postgres;
using ConversationHub.Testing.Processes;

namespace Maestra.Backend.Tests.Processes;

/// <summary>T33, T34, T37, T45 between two real backends, one of them on PostgreSQL, with the commands an owner types.</summary>
public sealed class PairingProcessTests(PostgresServer server) : IClassFixture<PostgresServer>, IDisposable
{
    private const string Key = "a-key-of-all-users-0001";

    private readonly TemporaryFolder _local = new();
    private readonly TemporaryFolder _cloud = new();
    private readonly HttpClient _client = new() { Timeout = TestTimeouts.Signal };
    private (string Name, string Value)[] _cloudSettings = [];

    public void Dispose()
    {
        _client.Dispose();
        _local.Dispose();
        _cloud.Dispose();
    }

    [PostgresFact]
    public async Task Invite_Join_List_Restart_Rotate_Remove()
    {
        var database = await server.CreateDatabaseAsync();
        try
        {
            _cloudSettings = [("MAESTRA_API_KEY", Key), ("DATABASE_URL", database), ("MAESTRA_MODE", "cloud")];
            await TellAsync();
        }
        finally
        {
            await server.DropDatabaseAsync(database);
        }
    }

    private async Task TellAsync()
    {
        string cloudId, localId, code;
        await using (var cloud = await BackendProcess.StartAsync("cloud", _cloud.Path, settings: _cloudSettings))
        await using (var local = await BackendProcess.StartAsync("local", _local.Path))
        {
            (cloudId, localId) = (await IdAsync(cloud.Url), await IdAsync(local.Url));
            var invitation = await CloudAsync("peers", "invite", "--user", "ada");
            code = invitation.Output[0].Split(' ')[^1];
            Assert.StartsWith(cloudId + ".", code, StringComparison.Ordinal);

            Assert.Equal(0, (await LocalAsync("peers", "join", code, "--url", cloud.Url.ToString(), "--user", "ada")).ExitCode);
            Assert.Equal((localId, "ada"), await OnlyPeerAsync(cloud.Url));
            Assert.Equal((cloudId, "ada"), await OnlyPeerAsync(local.Url));

            // The code was good once (T37), and a wrong user or a wrong code changes nothing.
            var again = await LocalAsync("peers", "join", code, "--url", cloud.Url.ToString(), "--user", "ada");
            Assert.Equal(1, again.ExitCode);
            Assert.Contains("pairing_code_invalid", string.Join('\n', again.Error), StringComparison.Ordinal);
        }

        // Both have their key, and each other, after a restart (T33, T45).
        await using var cloudAgain = await BackendProcess.StartAsync("cloud", _cloud.Path, settings: _cloudSettings);
        await using var localAgain = await BackendProcess.StartAsync("local", _local.Path);
        Assert.Equal((cloudId, localId), (await IdAsync(cloudAgain.Url), await IdAsync(localAgain.Url)));
        Assert.Equal((localId, "ada"), await OnlyPeerAsync(cloudAgain.Url));

        // A change of keys is taken up while the backend runs; the one before is told to count on.
        var rotated = await CloudAsync("identity", "rotate");
        Assert.Equal(0, rotated.ExitCode);
        Assert.Contains(rotated.Output, line => line.Contains($"former key   {cloudId}", StringComparison.Ordinal));
        await UntilAsync(async () => await IdAsync(cloudAgain.Url) != cloudId);

        Assert.Equal(0, (await LocalAsync("peers", "remove", cloudId)).ExitCode);
        Assert.Empty((await PeersAsync(localAgain.Url)).AsArray());
        Assert.Equal(1, (await LocalAsync("peers", "remove", cloudId)).ExitCode);
    }

    private Task<ProgramResult> CloudAsync(params string[] arguments) => RunAsync(_cloud.Path, _cloudSettings, arguments);

    private Task<ProgramResult> LocalAsync(params string[] arguments) => RunAsync(_local.Path, [], arguments);

    private static Task<ProgramResult> RunAsync(string folder, (string Name, string Value)[] settings, string[] arguments)
    {
        var start = new ProgramStart(BuiltPrograms.Backend, folder, arguments)
            .With("CONVERSATION_HUB_ROOT", Path.Combine(folder, "conversations"))
            .With("MAESTRA_STATE_ROOT", Path.Combine(folder, "state"));
        return RunningProgram.RunAsync(settings.Aggregate(start, static (so, setting) => so.With(setting.Name, setting.Value)));
    }

    private async Task<string> IdAsync(Uri url) => (string)(await GetAsync(url, "/identity"))["backend_id"]!;

    private async Task<JsonNode> PeersAsync(Uri url) => (await GetAsync(url, "/peers"))["peers"]!;

    private async Task<(string? Id, string? User)> OnlyPeerAsync(Uri url)
    {
        var peer = Assert.Single((await PeersAsync(url)).AsArray())!;
        return ((string?)peer["backend_id"], (string?)peer["user_id"]);
    }

    private async Task<JsonNode> GetAsync(Uri url, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, path));
        request.Headers.Add("X-API-Key", Key);
        using var response = await _client.SendAsync(request);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    /// <summary>Another process is not to be awaited: it is asked again, for as long as any signal may take.</summary>
    private static async Task UntilAsync(Func<Task<bool>> happened)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!await happened())
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, limit.Token);
    }
}
