using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Audit;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Maestra.Backend.Tests.Signing;

/// <summary>The signed-request layer on a real socket, with a route that answers what it was sent, real files and a clock that stands still.</summary>
internal sealed class SignedRig : IAsyncDisposable
{
    public const int MaxBytes = 64 * 1024;

    private readonly WebApplication _app;
    private readonly TemporaryFolder _folder;

    private SignedRig(WebApplication app, TemporaryFolder folder, ManualTimeProvider time, IdentityStore identities, RecordingAudit audit)
    {
        (_app, _folder, Time, Identities, Audit) = (app, folder, time, identities, audit);
        Url = new Uri(app.Urls.Single());
        Http = new HttpClient { BaseAddress = Url, Timeout = TestTimeouts.Signal };
    }

    public Uri Url { get; }

    public HttpClient Http { get; }

    public ManualTimeProvider Time { get; }

    public IdentityStore Identities { get; }

    public RecordingAudit Audit { get; }

    public IdentityBoard Board => _app.Services.GetRequiredService<IdentityBoard>();

    public PeerDirectory Directory => _app.Services.GetRequiredService<PeerDirectory>();

    public IPeerStore Store => _app.Services.GetRequiredService<IPeerStore>();

    public PeerClient Client => _app.Services.GetRequiredService<PeerClient>();

    public string StateFile => _folder.Combine("state", FilePeerStore.FileName);

    /// <summary>Requests that got through.</summary>
    public int Accepted { get; private set; }

    public static async Task<SignedRig> StartAsync(ManualTimeProvider? time = null)
    {
        var folder = new TemporaryFolder();
        time ??= new ManualTimeProvider();
        var state = folder.Combine("state");
        var bound = Assert.IsType<BindOutcome.Bound>(SettingsBinder.Bind(SettingSources.Load(
            new Dictionary<string, string>(), new Dictionary<string, string> { ["HOME"] = folder.Path, [SettingNames.StateRoot] = state })));
        var identities = new IdentityStore(new IdentityFile(state), BackendMode.Local, time);
        var keys = Assert.IsType<IdentityOutcome.Loaded>(await identities.LoadAsync(CancellationToken.None)).Keys;
        var audit = new RecordingAudit();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(bound.Settings);
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton(new IdSource(time));
        builder.Services.AddSingleton<IAuditTrail>(audit);
        builder.Services.AddSingleton(BodyBudget.For(BackendMode.Local));
        builder.Services.AddPeers(bound.Settings, new IdentityBoard(identities, keys, time, NullLogger<IdentityBoard>.Instance));
        var app = builder.Build();
        app.UseMiddleware<Entry>();
        SignedRig? rig = null;
        app.MapPost(Routes.Sync, context => rig!.AnswerAsync(context));
        await app.StartAsync();
        return rig = new SignedRig(app, folder, time, identities, audit);
    }

    /// <summary>Takes a backend in as a paired peer.</summary>
    public async Task<Peer> PairAsync(BackendKey key, Uri? url = null)
    {
        var record = new PeerRecord
        {
            BackendId = key.Id,
            PublicKey = key.Public.Base64,
            Capabilities = ["sync"],
            UserId = "ada",
            Url = url?.OriginalString,
            RegisteredAt = Time.GetUtcNow(),
            State = PeerStateNames.Active,
        };
        await Store.ChangeAsync<PeerRecord>(state => (PeerRules.With(state, record), record), CancellationToken.None);
        return (await Directory.ListAsync(CancellationToken.None)).Peers!.Single(peer => peer.BackendId == key.Id);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var outcome = await _app.Services.GetRequiredService<SignedRequests>().AcceptAsync(context, MaxBytes, context.RequestAborted);
        var replies = _app.Services.GetRequiredService<SignedReplies>();
        switch (outcome)
        {
            case SignedRequestOutcome.Accepted accepted:
                Accepted++;
                await replies.WriteAsync(context, 200, accepted.Body, null, accepted.Exchange);
                break;
            case SignedRequestOutcome.Refused refused:
                await replies.WriteAsync(context, refused.Reply, refused.Exchange);
                break;
        }
    }
}

/// <summary>Remembers what was accounted for.</summary>
internal sealed class RecordingAudit : IAuditTrail
{
    public System.Collections.Concurrent.ConcurrentQueue<AuditEvent> Events { get; } = new();

    public void Record(AuditEvent happened) => Events.Enqueue(happened);

    public Task<bool> RecordAsync(AuditEvent happened)
    {
        Record(happened);
        return Task.FromResult(true);
    }
}
