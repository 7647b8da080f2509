using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Audit;
using Maestra.Backend.Conversations;
using Maestra.Backend.Erasures;
using Maestra.Backend.Identity;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;
using Maestra.Backend.Sync;
using Maestra.Backend.Tests.Signing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Maestra.Backend.Tests.Sync;

/// <summary>A peer that signs what it says, and says what no backend should: the round ends with a reason, nothing is taken, nothing is thrown.</summary>
public sealed class SyncRoundsTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();
    private readonly SigningPeer _peer = new();
    private readonly QuietStore _store = new();
    private SyncRounds _rounds = null!;
    private FilePeerStore _peers = null!;
    private IdentityBoard _identity = null!;
    private BackendMeter _meter = null!;

    public async Task InitializeAsync()
    {
        var state = _folder.Combine("state");
        var settings = Assert.IsType<BindOutcome.Bound>(SettingsBinder.Bind(SettingSources.Load(
            new Dictionary<string, string>(), new Dictionary<string, string> { ["HOME"] = "/nowhere" }))).Settings;
        var identities = new IdentityStore(new IdentityFile(state), BackendMode.Local, _time);
        var keys = Assert.IsType<IdentityOutcome.Loaded>(await identities.LoadAsync(CancellationToken.None)).Keys;
        _identity = new IdentityBoard(identities, keys, _time, NullLogger<IdentityBoard>.Instance);
        _peers = new FilePeerStore(state, _time, NullLogger<FilePeerStore>.Instance);
        _meter = new BackendMeter();
        var directory = new PeerDirectory(_peers, settings, NullLogger<PeerDirectory>.Instance);
        var ids = new IdSource(_time);
        var client = new PeerClient(new HttpMessageInvoker(_peer), _identity, directory, ids, _time);
        _rounds = new SyncRounds(
            client, _store, directory, new SyncBoard(_time),
            new SyncErasures(new ArchiveObservers([], new ToldErasures()), ids, _time), settings, new NoAudit(),
            _meter, ids, _time, NullLogger<SyncRounds>.Instance);
    }

    public async Task DisposeAsync()
    {
        _meter.Dispose();
        await _peers.DisposeAsync();
        await _identity.DisposeAsync();
        _peer.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("""{"code":"invalid_request","request_id":"req_1","detail":[{"type":"value_error","loc":["body"],"msg":"operation 7: no role"}]}""", "status 422: operation 7: no role")]
    [InlineData("""{"code":"invalid_request","request_id":"req_1","detail":[{"type":"value_error","loc":["body"],"msg":null}]}""", "status 422")]
    [InlineData("""{"code":"invalid_request","request_id":"req_1","detail":[]}""", "status 422")]
    [InlineData("""{"code":"invalid_request","request_id":"req_1","detail":null}""", "status 422")]
    [InlineData("null", "status 422")]
    [InlineData("no JSON", "status 422")]
    public async Task Run_ThePeerSaysInvalid_TellsItsWordsOrTheStatus(string body, string reason)
    {
        _peer.Says = (422, body);

        var outcome = await RunAsync();

        Assert.Equal(reason, outcome.Failure?.Reason);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("2147483648")]
    [InlineData("-9223372036854775808")]
    public async Task Run_ThePeersVectorHoldsNoNumber_EndsTheRound(string number)
    {
        _peer.Says = (200, Answer($$"""{"hosted_sha256_584782401a33660a~a1b2c3d4":{{number}}}"""));

        var outcome = await RunAsync();

        Assert.StartsWith("the answer's vector", outcome.Failure?.Reason, StringComparison.Ordinal);
        Assert.Null(outcome.Known);
    }

    /// <summary>What the peer itself brought is no reason to call it again; what was written meanwhile is.</summary>
    [Fact]
    public async Task Run_ThePeerBringsSomething_IsNoReasonForAPushToIt()
    {
        _peer.Says = (200, Answer("{}"));
        _store.CommitsWhenApplied = 1;
        var taken = await RunAsync();
        Assert.Equal((1, _store.Commits.Count), (taken.Rounds, taken.Commits));

        _store.CommitsWhenRead = 1;
        var beside = await RunAsync(taken.Known);
        Assert.True(beside.Commits < _store.Commits.Count, "A commit after the last look must be seen by whoever waits for one.");
    }

    /// <summary>
    /// Frames go to a peer that has said that it takes them, with a digest for what both hold; as soon as anything fails, the ordinary form is used
    /// again, so that a peer that was put back to an earlier version goes on as before.
    /// </summary>
    [Fact]
    public async Task Run_ThePeerTakesFrames_GetsThemUntilOneFails()
    {
        _peer.Says = (200, Answer("{}"));
        Assert.False((await RunAsync()).Known!.TakesFrames);
        _peer.Says = (200, Answer("{}", ",\"frames\":1"));
        var first = await RunAsync();
        _peer.Says = (200, """{"equal":true}""");
        var equal = await RunAsync(first.Known);
        _peer.Says = (415, """{"code":"json_required","request_id":"req_1"}""");
        var failed = await RunAsync(equal.Known);
        _peer.Says = (200, Answer("{}", ",\"frames\":1"));
        var again = await RunAsync(failed.Known);

        Assert.Equal([false, false, true, true, false], _peer.Asked.Select(static one => one.IsFramed));
        Assert.Equal("""{"equal_to":"47DEQpj8HBSa-_TImW-5JA"}""", _peer.Asked[2].Body.ToJsonString());
        Assert.Equal((null, 1, true), (equal.Failure, equal.Rounds, equal.Known!.TakesFrames));
        Assert.Equal((true, false), (failed.Failure is not null, failed.Known!.TakesFrames));

        // It was the form, so the next ones are ordinary for a while: each second exchange would fail otherwise, where something between refuses frames.
        Assert.False(again.Known!.TakesFrames);
        _time.Advance(FrameTrust.Pause);
        Assert.True((await RunAsync(again.Known)).Known!.TakesFrames);
    }

    /// <summary>A peer that is away fails in both forms; that says nothing about frames.</summary>
    [Fact]
    public async Task Run_BothFormsFail_FramesAreUsedAgainAtOnce()
    {
        _peer.Says = (500, """{"code":"internal","request_id":"req_1"}""");
        var framed = await RunAsync(new PeerView(new Dictionary<string, long>(), null) { TakesFrames = true });
        var ordinary = await RunAsync(framed.Known);
        _peer.Says = (200, Answer("{}", ",\"frames\":1"));

        Assert.Equal((true, true), (framed.Failure is not null, ordinary.Failure is not null));
        Assert.True((await RunAsync(ordinary.Known)).Known!.TakesFrames);
    }

    /// <summary>A peer that holds something else says so; the vector follows at once, and one that says so again and again ends the exchange.</summary>
    [Fact]
    public async Task Run_ThePeerHoldsSomethingElse_GetsTheVectorAndIsNotAskedWithoutEnd()
    {
        _peer.Says = (200, """{"equal":false,"have":{},"more":true}""");

        var outcome = await RunAsync(new PeerView(new Dictionary<string, long>(), null) { TakesFrames = true });

        Assert.Equal(["equal_to", "have"], _peer.Asked.Take(2).Select(static one => Assert.Single(one.Body).Key));
        Assert.InRange(outcome.Rounds, 2, 3);
    }

    private Task<ExchangeOutcome> RunAsync(PeerView? known = null) => _rounds.RunAsync(
        new Peer
        {
            BackendId = _peer.Key.Id,
            Key = _peer.Key.Public,
            Capabilities = [],
            Scope = new PeerScope(null),
            Url = new Uri("http://127.0.0.1:9"),
            RegisteredAt = _time.GetUtcNow(),
            State = PeerState.Active,
        },
        known, SyncLimits.BatchOperations, CancellationToken.None);

    private static string Answer(string have, string more = "") =>
        $$"""
        {"status":"synced","sync_id":"sync_0","conversations_received":0,"conversations_merged":0,"conversations_updated":0,"conversations_skipped":0,
        "operations_applied":0,"source_backend_id":"x","timestamp":"2026-01-05T09:30:01Z","have":{{have}},"tombstones":[],"conversations":[],"more":false{{more}}}
        """;

    private sealed class NoAudit : IAuditTrail
    {
        public void Record(AuditEvent happened)
        {
        }

        public Task<bool> RecordAsync(AuditEvent happened) => Task.FromResult(true);
    }

    /// <summary>Answers every request with the same words, signed for whoever asked.</summary>
    private sealed class SigningPeer : HttpMessageHandler
    {
        public BackendKey Key { get; } = TestPeer.NewKey();

        public (int Status, string Body) Says { get; set; }

        /// <summary>Bodies of requests in their order; those that came in frames.</summary>
        public List<(bool IsFramed, JsonObject Body)> Asked { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string Header(string name) => request.Headers.GetValues(name).Single();
            var body = Encoding.UTF8.GetBytes(Says.Body);
            var sent = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            var isFramed = request.Content.Headers.ContentType?.MediaType == TestFrame.MediaType;
            if (isFramed)
            {
                Asked.Add((true, JsonNode.Parse(TestFrame.Text(sent))!.AsObject()));
                var (_, caller, at, number, _, _) = TestFrame.Read(sent);
                var headers = new SignatureHeaders(Key.Id, at, number, Key.Sign(SigningText.Response(Says.Status, Key.Id, caller, at, number, body)));
                var framed = new HttpResponseMessage((HttpStatusCode)Says.Status) { Content = new ByteArrayContent(SignedFrame.Write(headers, null, body)) };
                framed.Content.Headers.ContentType = new MediaTypeHeaderValue(TestFrame.MediaType);
                return framed;
            }

            Asked.Add((false, request.Content.Headers.ContentEncoding.Count == 0 ? JsonNode.Parse(sent)!.AsObject() : []));
            var nonce = Header("X-Maestra-Nonce");
            var timestamp = Header("X-Maestra-Timestamp");
            var response = new HttpResponseMessage((HttpStatusCode)Says.Status) { Content = new ByteArrayContent(body) };
            response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            response.Headers.Add("X-Maestra-Backend", Key.Id);
            response.Headers.Add("X-Maestra-Timestamp", timestamp);
            response.Headers.Add("X-Maestra-Nonce", nonce);
            response.Headers.Add(
                "X-Maestra-Signature", Key.Sign(SigningText.Response(Says.Status, Key.Id, Header("X-Maestra-Backend"), timestamp, nonce, body)));
            return response;
        }
    }

    /// <summary>Holds nothing and lacks nothing; commits as told, as a store does that others write to.</summary>
    private sealed class QuietStore : ISyncStore
    {
        public int CommitsWhenApplied { get; set; }

        public int CommitsWhenRead { get; set; }

        public CommitSignal Commits { get; } = new();

        public int Quarantined => 0;

        public Task<(IReadOnlyDictionary<string, long>? Have, StoreFailure? Failure)> ReadVectorAsync(SyncScope scope, CancellationToken cancellationToken) =>
            Task.FromResult<(IReadOnlyDictionary<string, long>?, StoreFailure?)>((new Dictionary<string, long>(), null));

        public Task<(SyncBatch? Batch, StoreFailure? Failure)> ReadMissingAsync(
            SyncScope scope, IReadOnlyDictionary<string, long> have, CancellationToken cancellationToken)
        {
            Commit(CommitsWhenRead);
            return Task.FromResult<(SyncBatch?, StoreFailure?)>((SyncBatch.Empty, null));
        }

        public Task<SyncApplyOutcome> ApplyAsync(SyncScope scope, IReadOnlyList<SyncOperation> batch, CancellationToken cancellationToken)
        {
            Commit(CommitsWhenApplied);
            return Task.FromResult<SyncApplyOutcome>(new SyncApplyOutcome.Applied(SyncCounts.None));
        }

        public Task<(bool TookNew, StoreFailure? Failure)> NoticeAsync(IReadOnlyDictionary<string, long> peerHave, CancellationToken cancellationToken) =>
            Task.FromResult<(bool, StoreFailure?)>((false, null));

        public Task<StoreFailure?> TakeNewOriginsAsync(string why, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<(int Count, StoreFailure? Failure)> ReissueAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<StoreFailure?> ReleaseDueAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        private void Commit(int times)
        {
            for (var n = 0; n < times; n++)
                Commits.Raise();
        }
    }
}
