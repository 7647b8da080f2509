using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Sync;

/// <summary>Backends in this process that share one clock, each with a store and a state of its own that outlive it.</summary>
internal sealed class SyncRig : IAsyncDisposable
{
    /// <summary>Made once: a key takes a while.</summary>
    private static readonly string LocalPem = BackendIdentity.NewPem();

    private static readonly string CloudPem = BackendIdentity.NewPem();

    /// <summary>Real time between two looks; nothing is concluded from it.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly TemporaryFolder _folder = new();
    private readonly List<TestBackend> _backends = [];

    public static BackendKey LocalKey { get; } = BackendKey.FromPem(LocalPem, BackendMode.Local, DateTimeOffset.UnixEpoch);

    public static BackendKey CloudKey { get; } = BackendKey.FromPem(CloudPem, BackendMode.Local, DateTimeOffset.UnixEpoch);

    public ManualTimeProvider Time { get; } = new();

    /// <summary>A pairing as <c>MAESTRA_PEERS</c> lists it.</summary>
    public static string Entry(BackendKey key, Uri? url = null, string user = "*") => $"{key.Id},{key.Public.Base64},{user}" + (url is null ? "" : $",{url}");

    /// <summary>The one that calls.</summary>
    public Task<TestBackend> StartLocalAsync(params string[] peers) => StartAsync("local", LocalPem, peers);

    /// <summary>The one that only answers.</summary>
    public Task<TestBackend> StartCloudAsync(params string[] peers) => StartAsync("cloud", CloudPem, peers);

    /// <summary>Either side with a limit of its own on whose data goes and comes (<c>MAESTRA_SYNC_USERS</c>).</summary>
    public Task<TestBackend> StartLimitedAsync(string name, string users, params string[] peers) =>
        StartAsync(name, name == "local" ? LocalPem : CloudPem, peers, (SettingNames.SyncUsers, users));

    public string StateOf(string name) => _folder.Combine(name, "state");

    public async Task<IReadOnlyList<JsonNode>> AuditAsync(string name) =>
        [.. (await File.ReadAllLinesAsync(Path.Combine(StateOf(name), "audit.log"))).Select(line => JsonNode.Parse(line)!)];

    /// <summary>Says in the state of a backend that it knows a peer at that URL, as <c>peers join</c> does.</summary>
    public async Task PairAsync(string name, BackendKey peer, Uri url)
    {
        await using var store = new FilePeerStore(StateOf(name), Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<FilePeerStore>.Instance);
        var (done, _) = await store.ChangeAsync<object>(
            state => (PeerRules.With(state, new PeerRecord
            {
                BackendId = peer.Id,
                PublicKey = peer.Public.Base64,
                Capabilities = [],
                UserId = "*",
                Url = url.ToString(),
                RegisteredAt = Time.GetUtcNow(),
                State = PeerStateNames.Active,
            }), state),
            CancellationToken.None);
        Assert.NotNull(done);
    }

    /// <summary>Lets the shared time go on in small steps until something is so.</summary>
    public async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan? step = null)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Signal);
        while (!await isSo())
        {
            Assert.False(limit.IsCancellationRequested, "It never became so.");
            Time.Advance(step ?? TimeSpan.FromMilliseconds(50));
            await Task.Delay(Pause);
        }
    }

    /// <summary>The contents of a conversation, in order; empty when there is none.</summary>
    public static async Task<string> TranscriptAsync(TestBackend backend, string conversation = "main", string user = "ada")
    {
        var reply = await backend.GetAsync($"/conversations/{conversation}?user_id={user}");
        return reply.Json["messages"] is JsonArray messages ? string.Join('|', messages.Select(message => (string?)message!["content"])) : "";
    }

    public static async Task<JsonObject> AskAsync(TestBackend backend, string message, string conversation = "main", string user = "ada") =>
        (await backend.AskAsync(TestBackend.Question(message, conversation, user))).Json;

    public async ValueTask DisposeAsync()
    {
        foreach (var backend in _backends)
            await backend.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<TestBackend> StartAsync(string name, string pem, string[] peers, params (string Name, string Value)[] more)
    {
        List<(string, string)> settings =
        [
            (SettingNames.Mode, "local"), (SettingNames.PrivateKey, pem), ("AUDIT_SINKS", "file"), (SettingNames.StateRoot, StateOf(name)),
            (SettingNames.ConversationRoot, _folder.Combine(name, "conversations")), .. more,
        ];
        if (peers.Length > 0)
            settings.Add((SettingNames.Peers, string.Join(';', peers)));
        var backend = await TestBackend.StartPeerAsync(Time, [.. settings]);
        _backends.Add(backend);
        return backend;
    }
}
