using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Conversations;
using Maestra.Backend.Hosting;
using Maestra.Backend.Identity;
using Maestra.Backend.Listening;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>A whole backend on a real loopback socket, in this process, with the fake store, a scripted advisor and a clock that stands still.</summary>
internal sealed class TestBackend : IAsyncDisposable
{
    public const string Key = "a-key-of-all-users-0001";
    public const string AdaKey = "a-key-of-ada-0000000001";
    public const string BobKey = "a-key-of-bob-0000000001";

    /// <summary>Made once: it takes a while, and no test but that of the identity looks at it.</summary>
    private static readonly string PrivateKey = BackendIdentity.NewPem();

    private readonly BackendServer _server;
    private readonly TemporaryFolder _folder;
    private int _disposed;

    private TestBackend(BackendServer server, TemporaryFolder folder, InMemoryStore store, ScriptedAdvisor advisor, ManualTimeProvider time, StringWriter log)
    {
        _server = server;
        _folder = folder;
        Store = store;
        Advisor = advisor;
        Time = time;
        LogWriter = log;
        Url = new Uri($"http://127.0.0.1:{server.Address.Port}");
        Client = new HttpClient { BaseAddress = Url, Timeout = TestTimeouts.Signal };
    }

    public Uri Url { get; }

    public HttpClient Client { get; }

    public InMemoryStore Store { get; }

    /// <summary>What observers of the archive were told.</summary>
    public ConcurrentQueue<ArchiveAct> Acts => Observer.Acts;

    public required RecordingObserver Observer { get; init; }

    /// <summary>Folder of the conversations.</summary>
    public string Root => _folder.Combine(".8825", "conversations");

    public ScriptedAdvisor Advisor { get; }

    public ManualTimeProvider Time { get; }

    public BackendServer Server => _server;

    public string Log
    {
        get
        {
            lock (LogWriter)
                return LogWriter.ToString();
        }
    }

    private StringWriter LogWriter { get; }

    public static Task<TestBackend> StartLocalAsync(params (string Name, string Value)[] settings) =>
        StartAsync([(SettingNames.Mode, "local"), .. settings]);

    /// <summary>With a store of its own instead of the fake: the log, or what <c>DATABASE_URL</c> names.</summary>
    public static Task<TestBackend> StartLocalOverStoreAsync(params (string Name, string Value)[] settings) =>
        StartAsync([(SettingNames.Mode, "local"), .. settings], ownStore: true);

    /// <summary>The same with the keys of <see cref="StartCloudAsync"/>.</summary>
    public static Task<TestBackend> StartCloudOverStoreAsync(params (string Name, string Value)[] settings) =>
        StartAsync([.. CloudSettings, .. settings], ownStore: true);

    /// <summary>With a store of its own and a clock that it shares with others; mode, key and folders are the caller's settings.</summary>
    public static Task<TestBackend> StartPeerAsync(ManualTimeProvider time, params (string Name, string Value)[] settings) =>
        StartAsync(settings, ownStore: true, time: time);

    /// <summary>In local mode, with other limits for connections.</summary>
    public static Task<TestBackend> StartLimitedAsync(ConnectionLimits limits) => StartAsync([(SettingNames.Mode, "local")], limits: limits);

    /// <summary>With a key of all users, one of <c>ada</c> and one of <c>bob</c>.</summary>
    public static Task<TestBackend> StartCloudAsync(params (string Name, string Value)[] settings) => StartAsync([.. CloudSettings, .. settings]);

    private static (string Name, string Value)[] CloudSettings =>
    [
        (SettingNames.Mode, "cloud"), (SettingNames.Host, "127.0.0.1"), (SettingNames.ApiKey, Key), (SettingNames.ApiKeys, $"ada:{AdaKey},bob:{BobKey}"),
    ];

    public async Task<Reply> AskAsync(string body, string path = Routes.Core, string? key = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body) };
        return await SendAsync(request, key, headers);
    }

    public async Task<Reply> GetAsync(string path, string? key = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(request, key, headers);
    }

    public async Task<Reply> DeleteAsync(string path, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        return await SendAsync(request, key);
    }

    public async Task<Reply> PatchAsync(string path, string body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = Json(body) };
        return await SendAsync(request, key);
    }

    public async Task<Reply> SendAsync(HttpRequestMessage request, string? key = null, params (string Name, string Value)[] headers)
    {
        if (key is not null)
            request.Headers.Add("X-API-Key", key);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Client.SendAsync(request);
        return await Reply.ReadAsync(response);
    }

    public static StringContent Json(string body) => new(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    /// <summary>A body of <c>core</c>.</summary>
    public static string Question(string message = "What changed in the parser?", string? conversation = null, string user = "ada", string surface = "windsurf") =>
        JsonSerializer.Serialize(
            new AskRequest { UserId = user, SurfaceId = surface, ConversationId = conversation, Message = message }, MaestraJson.Compact.AskRequest);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        Client.Dispose();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<TestBackend> StartAsync((string Name, string Value)[] settings, bool ownStore = false, ConnectionLimits? limits = null, ManualTimeProvider? time = null)
    {
        var folder = new TemporaryFolder();
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = folder.Path,
            [SettingNames.Port] = "0",
            [SettingNames.PrivateKey] = PrivateKey,
            [SettingNames.LogFormat] = "text",
        };
        foreach (var (name, value) in settings)
            environment[name] = value;

        var bound = SettingsBinder.Bind(SettingSources.Load(new Dictionary<string, string>(), environment));
        time ??= new ManualTimeProvider();
        var ids = new IdSource(time);
        var advisor = new ScriptedAdvisor();
        var observer = new RecordingObserver();
        InMemoryStore? store = null;
        var log = new StringWriter();
        var parts = new BackendParts
        {
            Time = time,
            Heartbeats = time,
            Ids = ids,
            WriteLog = line =>
            {
                lock (log)
                    log.WriteLine(line);
            },
            OpenStore = (options, logger) => ownStore
                ? StoreOpener.OpenLog(options, time, ids, logger)
                : new StoreOpening.Opened(store = new InMemoryStore(options, time, ids), new NoArchive()),
            Observers = [observer],
            Connections = limits,
            Advisor = environment.ContainsKey(SettingNames.TestMode) || environment.ContainsKey(SettingNames.LlmProvider) ? null : advisor,
        };
        var started = await BackendServer.StartAsync(Assert.IsType<BindOutcome.Bound>(bound).Settings, parts, CancellationToken.None);
        return new TestBackend(Assert.IsType<StartOutcome.Running>(started).Server, folder, store!, advisor, time, log)
        {
            Observer = observer,
        };
    }
}
