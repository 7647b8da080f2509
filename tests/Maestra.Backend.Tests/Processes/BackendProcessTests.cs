using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Processes;
using Maestra.Backend.Commands;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Processes;

/// <summary>The real program over the real store.</summary>
public sealed class BackendProcessTests : IDisposable
{
    private readonly TemporaryFolder _home = new();
    private readonly HttpClient _client = new() { Timeout = TestTimeouts.Signal };

    public void Dispose()
    {
        _client.Dispose();
        _home.Dispose();
    }

    [Fact]
    public async Task Serve_KilledAndStartedAnew_HasEveryAcknowledgedMessage_T20()
    {
        await using (var first = await BackendProcess.StartAsync("local", _home.Path))
        {
            await AskAsync(first.Url, "The deploy key lives in the vault", "notes");
            await first.KillAsync();
        }

        await using var second = await BackendProcess.StartAsync("local", _home.Path);
        var document = JsonNode.Parse(await _client.GetStringAsync(new Uri(second.Url, "/conversations/notes")))!;
        var recalled = await AskAsync(second.Url, "Where is the deploy key?", "later");

        Assert.Equal(2, document["messages"]!.AsArray().Count);
        Assert.Contains("> The deploy key lives in the vault", (string?)recalled["reply"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_RepeatAfterRestart_ReplaysTheReply_T64()
    {
        JsonObject before;
        await using (var first = await BackendProcess.StartAsync("local", _home.Path))
        {
            before = await AskAsync(first.Url, "Hello?", null);
            Assert.Equal(0, await first.StopAsync());
        }

        await using var second = await BackendProcess.StartAsync("local", _home.Path);
        var after = await AskAsync(second.Url, "Hello?", null);

        Assert.True((bool)after["meta"]!["replayed"]!);
        Assert.Equal((string?)before["conversation_id"], (string?)after["conversation_id"]);
        Assert.Equal((string?)before["reply"], (string?)after["reply"]);
    }

    [Fact]
    public async Task Serve_KilledInTheMiddleOfAQuestion_TheRepeatRunsItOnceMoreAndSaysSo_T64()
    {
        await using var model = ChaosProxy.Start(Chaos.StallBeforeHeaders);
        (string, string)[] settings = [("LLM_PROVIDER", "compatible"), ("LLM_BASE_URL", new Uri(model.Url, "/v1").ToString()), ("LLM_MODEL", "m")];
        await using (var first = await BackendProcess.StartAsync("local", _home.Path, settings: settings))
        {
            var asking = AskAsync(first.Url, "Hello?", null);
            await model.RequestAsync(1);
            await first.KillAsync();
            await Assert.ThrowsAsync<HttpRequestException>(() => asking);
        }

        model.Behaviour = Chaos.Respond(CannedResponse.Text(
            200, """{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Yes."}}]}""", "application/json"));
        await using var second = await BackendProcess.StartAsync("local", _home.Path, settings: settings);
        var resumed = await AskAsync(second.Url, "Hello?", null);
        var replayed = await AskAsync(second.Url, "Hello?", null);

        Assert.Equal(("Yes.", false, true), ((string?)resumed["reply"], (bool)resumed["meta"]!["replayed"]!, (bool)resumed["meta"]!["resumed"]!));
        Assert.Equal((true, null), ((bool)replayed["meta"]!["replayed"]!, replayed["meta"]!["resumed"]));
        var document = JsonNode.Parse(await _client.GetStringAsync(new Uri(second.Url, $"/conversations/{resumed["conversation_id"]}")))!;
        Assert.Equal(["Hello?", "Yes."], document["messages"]!.AsArray().Select(message => (string?)message!["content"]));
        Assert.Equal(2, model.Requests.Count);
    }

    [Fact]
    public async Task Serve_LogsItsStartOnce_T15_AndKeepsOutputClean()
    {
        await using var backend = await BackendProcess.StartAsync("local", _home.Path);
        await backend.StopAsync();

        var started = Assert.Single(backend.Program.Error.Snapshot(), line => line.Contains(" started: ", StringComparison.Ordinal));
        Assert.Contains($"maestra-backend 2.0.0 started: mode local, listening on 127.0.0.1:{backend.Url.Port}, store log", started, StringComparison.Ordinal);
        Assert.Empty(backend.Program.Output.Snapshot());
    }

    /// <summary>What lies in a developer's folder, or in the environment of a hosting service, for some other program of the same framework.</summary>
    [Fact]
    public async Task Serve_FolderAndEnvironmentAreAnotherPrograms_TakesNothingFromThem()
    {
        await File.WriteAllTextAsync(_home.Combine("appsettings.json"), """{"AllowedHosts":"example.com","Kestrel":{"Endpoints":{"Other":{"Url":"http://127.0.0.1:0"}}}}""");
        await File.WriteAllTextAsync(_home.Combine("appsettings.Development.json"), "{ no JSON");
        Directory.CreateDirectory(_home.Combine(Path.Combine("node_modules", "a", "b")));
        await using var backend = await BackendProcess.StartAsync(
            "cloud", _home.Path, settings:
            [
                ("MAESTRA_API_KEY", TestBackend.Key), ("ENFORCE_HTTPS", "true"), ("ASPNETCORE_ENVIRONMENT", "Development"), ("DOTNET_ENVIRONMENT", "Development"),
                ("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true"), ("ASPNETCORE_URLS", "http://127.0.0.1:1"), ("AllowedHosts", "example.com"),
                ("ASPNETCORE_HOSTINGSTARTUPASSEMBLIES", "NoSuchAssembly"), ("Kestrel__Endpoints__Other__Url", "http://127.0.0.1:1"),
            ]);
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { Timeout = TestTimeouts.Signal };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(backend.Url, "/conversations"));
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-API-Key", TestBackend.Key);

        using var reply = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.PermanentRedirect, reply.StatusCode);
        if (OperatingSystem.IsLinux())
            Assert.Equal(0, CountFileWatches(backend.Program.Id));
        Assert.Equal(0, await backend.StopAsync());
    }

    [Fact]
    public async Task Serve_TerminalIsClosed_StopsAsForAnyOtherSignal()
    {
        await using var backend = await BackendProcess.StartAsync("local", _home.Path);

        Assert.Equal(0, await backend.Program.HangUpAsync());
        Assert.False(File.Exists(_home.Combine(".maestra", "port")));
    }

    [Fact]
    public async Task Serve_PortFile_ExistsWhileItRuns_T21()
    {
        var path = _home.Combine(".maestra", "port");
        await using var backend = await BackendProcess.StartAsync("local", _home.Path);

        Assert.Equal($"{backend.Url.Port}\n", await File.ReadAllTextAsync(path));
        await backend.StopAsync();
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Serve_PortIsBusy_EndsWith3AndNamesIt_T22()
    {
        using var busy = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        busy.Start();
        var port = ((IPEndPoint)busy.LocalEndpoint).Port;

        var result = await RunningProgram.RunAsync(BackendProcess.Describe("local", _home.Path, port));

        Assert.Equal(ExitCode.NoPort, result.ExitCode);
        Assert.Contains(result.Error, line => line.Contains($"{port} (in use)", StringComparison.Ordinal));
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task Serve_StoreInUse_EndsWith4()
    {
        await using var first = await BackendProcess.StartAsync("local", _home.Path);

        var result = await RunningProgram.RunAsync(BackendProcess.Describe("local", _home.Path, FreePort.Find()));

        Assert.Equal(ExitCode.StoreUnusable, result.ExitCode);
        Assert.Contains(result.Error, line => line.Contains("in use", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Serve_CloudWithoutKey_EndsWith2AndBindsNothing_T60()
    {
        var port = FreePort.Find();

        var result = await RunningProgram.RunAsync(BackendProcess.Describe("cloud", _home.Path, port));

        Assert.Equal(ExitCode.BadSettings, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.False(Directory.Exists(_home.Combine("state")));
    }

    [Fact]
    public async Task Version_IsPrinted()
    {
        var result = await RunningProgram.RunAsync(new ProgramStart(BuiltPrograms.Backend, _home.Path, "--version"));

        Assert.Equal((0, "2.0.0"), (result.ExitCode, Assert.Single(result.Output)));
    }

    private static int CountFileWatches(int processId) => Directory.EnumerateFiles($"/proc/{processId}/fdinfo").Sum(CountWatchesOfDescriptor);

    private static int CountWatchesOfDescriptor(string file)
    {
        try
        {
            return File.ReadLines(file).Count(static line => line.StartsWith("inotify", StringComparison.Ordinal));
        }
        catch (FileNotFoundException)
        {
            // Closed since it was listed: it watches nothing.
            return 0;
        }
    }

    private async Task<JsonObject> AskAsync(Uri url, string message, string? conversation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url, "/api/maestra/core"))
        {
            Content = new StringContent(TestBackend.Question(message, conversation), Encoding.UTF8, "application/json"),
        };
        if (conversation is null)
            request.Headers.Add("Idempotency-Key", "019b8d7d-f23b-7a1b-ac3d-4e5f60718293");
        using var response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();
    }
}
