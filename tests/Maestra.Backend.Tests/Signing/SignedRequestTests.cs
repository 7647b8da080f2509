using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Maestra.Backend.Audit;
using Maestra.Backend.Identity;
using Maestra.Backend.Pairing;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Signing;

/// <summary>T37 and T71 for requests of paired peers: the attack table of issue 7. Every refusal has its status and code, is audited, and lets nothing through.</summary>
public sealed class SignedRequestTests : IAsyncLifetime
{
    private static readonly BackendKey PeerKeyPair = NewKey();
    private static readonly BackendKey Stranger = NewKey();
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"ping": true}""");

    private SignedRig _rig = null!;
    private Peer _peer = null!;
    private int _nonces;
    private bool _isFramed;

    private string TargetId => _rig.Board.Current.Current.Id;

    public async Task InitializeAsync()
    {
        _rig = await SignedRig.StartAsync();
        _peer = await _rig.PairAsync(PeerKeyPair);
    }

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    /// <summary>The same in a frame: the answer comes in one, with the same signature over the same text, and without headers of it.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task Signed_InAFrame_IsAcceptedAndAnsweredInOne(string? coding)
    {
        _isFramed = true;

        var (_, response) = await SendAsync(PeerKeyPair, coding is null ? Body : ContentCoding.Encode(Body, coding), coding: coding);

        Assert.Equal((HttpStatusCode.OK, 1, TestFrame.MediaType), (response.StatusCode, _rig.Accepted, response.Content.Headers.ContentType?.MediaType));
        var (_, signer, timestamp, nonce, signature, body) = TestFrame.Read(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal((TargetId, Nonce(1), """{"ping": true}"""), (signer, nonce, Encoding.UTF8.GetString(body)));
        Assert.True(_rig.Board.Current.Current.Public.Verify(SigningText.Response(200, signer, PeerKeyPair.Id, timestamp, nonce, body), signature));
        Assert.DoesNotContain(response.Headers, static header => header.Key.StartsWith("X-Maestra", StringComparison.Ordinal) || header.Key == "X-Request-ID");
        Assert.Empty(_rig.Audit.Events);
    }

    [Fact]
    public async Task Signed_ByAPairedPeer_IsAcceptedAndAnsweredWithASignature()
    {
        var (reply, response) = await SendAsync(PeerKeyPair, Body);

        Assert.Equal((HttpStatusCode.OK, """{"ping": true}""", 1), (reply.Status, reply.Text, _rig.Accepted));
        var (own, signer, problem) = PeerClient.Verify(
            response, Encoding.UTF8.GetBytes(reply.Text), Nonce(1), id => id == TargetId ? _rig.Board.Current.Current.Public : null, [PeerKeyPair]);
        Assert.Equal((PeerKeyPair.Id, TargetId, null), (own?.Id, signer, problem));
        Assert.Empty(_rig.Audit.Events);
    }

    public static TheoryData<string, int, string> Attacks => new()
    {
        { "unknown peer", 403, "peer_unknown" },
        { "an id of the earlier system, local_x", 403, "peer_unknown" },
        { "an id of the earlier system, test_x", 403, "peer_unknown" },
        { "another's id", 401, "signature_invalid" },
        { "altered body", 401, "signature_invalid" },
        { "altered timestamp", 401, "signature_invalid" },
        { "altered nonce", 401, "signature_invalid" },
        { "altered query", 401, "signature_invalid" },
        { "altered signature", 401, "signature_invalid" },
        { "no signature", 401, "signature_invalid" },
        { "two nonces", 401, "signature_invalid" },
        { "addressed to another", 401, "signature_invalid" },
        { "121 seconds old", 401, "signature_stale" },
        { "121 seconds early", 401, "signature_stale" },
        { "oversized", 413, "body_too_large" },
        { "gzip bomb", 413, "body_too_large" },
        { "brotli bomb", 413, "body_too_large" },
        { "gzip in gzip", 415, "json_required" },
        { "not gzip", 422, "invalid_request" },
        { "not JSON by its type", 415, "json_required" },
        { "suspended peer", 403, "peer_unknown" },
    };

    /// <summary>In frames each is refused in the same way; a body of another type is none, and has no headers either.</summary>
    public static TheoryData<string, int, string, bool> AttacksInBothForms
    {
        get
        {
            var all = new TheoryData<string, int, string, bool>();
            foreach (var row in Attacks)
            {
                var (attack, status, code) = ((string)row[0], (int)row[1], (string)row[2]);
                all.Add(attack, status, code, false);
                all.Add(attack, attack == "not JSON by its type" ? 401 : status, attack == "not JSON by its type" ? "signature_invalid" : code, true);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(AttacksInBothForms))]
    public async Task Attack_IsRefusedAuditedAndChangesNothing_T71(string attack, int status, string code, bool isFramed)
    {
        _isFramed = isFramed;
        if (attack == "suspended peer")
            await _rig.Directory.SuspendAsync(_peer.BackendId, "origin conflict", CancellationToken.None);
        var before = await File.ReadAllTextAsync(_rig.StateFile);

        var (reply, _) = await AttackAsync(attack);

        Assert.Equal((status, code), ((int)reply.Status, reply.Code));
        Assert.Equal(0, _rig.Accepted);
        var audited = Assert.Single(_rig.Audit.Events);
        Assert.Equal((AuditEventName.SyncRefused, AuditOutcome.Refused), (audited.Name, audited.Outcome));
        Assert.Equal(code, Assert.Single(audited.Details).Text);

        // Bombs come from a believed peer: by then it is known under which id it knows this backend. Nothing else may differ.
        if (status is 401 or 403)
            Assert.Equal(before, await File.ReadAllTextAsync(_rig.StateFile));
    }

    /// <summary>T71: the very same request, and a new one with a used nonce; also in the other form.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReplayedNonce_IsRefused_T71(bool isFramed)
    {
        _isFramed = isFramed;
        var nonce = Nonce(++_nonces);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(PeerKeyPair, Body, nonce)).Reply.Status);

        var (again, _) = await SendAsync(PeerKeyPair, Body, nonce);
        _isFramed = !isFramed;
        var (inTheOtherForm, _) = await SendAsync(PeerKeyPair, Body, nonce);
        _isFramed = isFramed;
        var (other, _) = await SendAsync(PeerKeyPair, Encoding.UTF8.GetBytes("{}"), nonce);
        _rig.Time.Advance(NonceLimits.Kept - TimeSpan.FromMilliseconds(1));
        var (late, _) = await SendAsync(PeerKeyPair, Body, nonce);
        _rig.Time.Advance(TimeSpan.FromMilliseconds(1));
        var (after, _) = await SendAsync(PeerKeyPair, Body, nonce);

        Assert.All([again, inTheOtherForm, other, late], static reply => Assert.Equal((HttpStatusCode.Unauthorized, "nonce_replayed"), (reply.Status, reply.Code)));
        Assert.Equal(HttpStatusCode.OK, after.Status);
        Assert.Equal(2, _rig.Accepted);
    }

    /// <summary>T45: also across a restart, on the disk before the request had any effect.</summary>
    [Fact]
    public async Task Nonce_AfterARestart_IsStillUsed_T45()
    {
        var state = Path.GetDirectoryName(_rig.StateFile)!;
        await SendAsync(PeerKeyPair, Body, Nonce(7));

        await using var second = new FilePeerStore(state, _rig.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<FilePeerStore>.Instance);
        var (verdict, _) = await second.TakeNonceAsync(_peer.BackendId, Nonce(7), CancellationToken.None);
        var (kept, _) = await second.ReadAsync(CancellationToken.None);

        Assert.IsType<NonceVerdict.Replayed>(verdict);
        Assert.Equal(_peer.BackendId, Assert.Single(kept!.Peers).BackendId);
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.GetFiles(state))
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    /// <summary>A full cache is 429 and says when there is room; no live nonce leaves for a new one.</summary>
    [Fact]
    public void Nonces_FullCache_EvictsNothingLive()
    {
        var table = new NonceTable();
        var now = _rig.Time.GetUtcNow();
        for (var n = 0; n < NonceLimits.PerPeer; n++)
            table.Add("p", Nonce(n), now + NonceLimits.Kept);

        Assert.Equal(new NonceVerdict.Full(240), table.Look("p", "new", now));
        Assert.Equal(new NonceVerdict.Full(1), table.Look("p", "new", now + NonceLimits.Kept - TimeSpan.FromMilliseconds(1)));
        Assert.IsType<NonceVerdict.Replayed>(table.Look("p", Nonce(0), now));
        Assert.IsType<NonceVerdict.Fresh>(table.Look("other", "new", now));
        Assert.IsType<NonceVerdict.Fresh>(table.Look("p", "new", now + NonceLimits.Kept));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task Encoded_IsDecodedAfterTheSignature(string coding)
    {
        var (reply, _) = await SendAsync(PeerKeyPair, ContentCoding.Encode(Body, coding), tamper: request => request.Content!.Headers.ContentEncoding.Add(coding));

        Assert.Equal((HttpStatusCode.OK, """{"ping": true}"""), (reply.Status, reply.Text));
    }

    /// <summary>Both keys verify in the time of grace; the new one counts once an owner has confirmed it, and needs no further act on the side that changed it.</summary>
    [Fact]
    public async Task Rotation_IsAnnouncedConfirmedAndTakenUp_ByBothSides()
    {
        await using var caller = await SignedRig.StartAsync(time: _rig.Time);
        var oldId = TargetId;
        await _rig.PairAsync(caller.Board.Current.Current);
        var peer = await caller.PairAsync(_rig.Board.Current.Current, _rig.Url);

        var rotated = Assert.IsType<IdentityOutcome.Loaded>(await _rig.Identities.RotateAsync(CancellationToken.None)).Keys;
        _rig.Time.Advance(IdentityBoard.LookEvery);
        var duringGrace = await PostAsync(caller, peer);
        var pending = await OnlyPeerAsync(caller);

        Assert.Equal(200, Assert.IsType<PeerAnswer.Answered>(duringGrace).Status);
        Assert.Equal((oldId, rotated.Current.Id), (pending.BackendId, pending.Successor?.BackendId));

        // The new key is refused until it is confirmed, whoever shows it.
        Assert.Equal("key_changed", (await SendAsync(rotated.Current, Body, to: caller)).Reply.Code);
        await caller.Store.ChangeAsync<object>(state => (PairingRules.Confirm(state, rotated.Current.Id, _rig.Time.GetUtcNow()).State, this), CancellationToken.None);
        var confirmed = await OnlyPeerAsync(caller);
        Assert.Equal((rotated.Current.Id, oldId, null), (confirmed.BackendId, confirmed.Previous?.BackendId, confirmed.Successor));
        Assert.Equal(200, Assert.IsType<PeerAnswer.Answered>(await PostAsync(caller, confirmed)).Status);

        // Once the time of grace is over, the old id is nobody's.
        _rig.Time.Advance(IdentityKeys.Grace);
        Assert.Equal(200, Assert.IsType<PeerAnswer.Answered>(await PostAsync(caller, confirmed)).Status);
        Assert.Equal(401, Assert.IsType<PeerAnswer.Untrusted>(await PostAsync(caller, peer)).Status);
    }

    /// <summary>
    /// A key is announced only by who has it (decision 40): a peer that names somebody else's would have that one refused as its own changed key.
    /// What else it says is believed.
    /// </summary>
    [Theory]
    [InlineData("both", true)]
    [InlineData("the old key for both", false)]
    [InlineData("a stranger for the new one", false)]
    [InlineData("the new key for both", false)]
    [InlineData("another pair of keys", false)]
    public async Task Announcement_OfAKeyThatThePeerDoesNotHave_IsNotTaken(string signedBy, bool isTaken)
    {
        var next = NewKey();
        var text = SigningText.Succession(PeerKeyPair.Id, next.Id, next.Public.DigestHex);
        var (old, own) = signedBy switch
        {
            "both" => (PeerKeyPair.Sign(text), next.Sign(text)),
            "the old key for both" => (PeerKeyPair.Sign(text), PeerKeyPair.Sign(text)),
            "a stranger for the new one" => (PeerKeyPair.Sign(text), Stranger.Sign(text)),
            "the new key for both" => (next.Sign(text), next.Sign(text)),
            _ => (PeerKeyPair.Sign(text), next.Sign(SigningText.Succession(Stranger.Id, next.Id, next.Public.DigestHex))),
        };

        var (reply, _) = await SendAsync(PeerKeyPair, Body, tamper: request => request.Headers.Add(
            "X-Maestra-Successor", $"{System.Buffers.Text.Base64Url.EncodeToString(next.Public.Der)}.{old}.{own}"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(isTaken ? next.Id : null, (await OnlyPeerAsync(_rig)).Successor?.BackendId);
        Assert.Equal(isTaken ? "key_changed" : "peer_unknown", (await SendAsync(next, Body)).Reply.Code);
    }

    /// <summary>T71: a response that was altered on its way, or that answers another request, is hearsay.</summary>
    [Theory]
    [InlineData("body")]
    [InlineData("status")]
    [InlineData("nonce")]
    [InlineData("signer")]
    [InlineData("unsigned")]
    public async Task Response_Altered_IsNotBelieved_T71(string part)
    {
        var own = _rig.Board.Current.Current;
        var nonce = Nonce(3);
        var sent = Encoding.UTF8.GetBytes("{}");
        using var response = new HttpResponseMessage(HttpStatusCode.OK);
        response.Headers.Add("X-Maestra-Backend", part == "signer" ? Stranger.Id : PeerKeyPair.Id);
        response.Headers.Add("X-Maestra-Timestamp", Vectors.Timestamp);
        response.Headers.Add("X-Maestra-Nonce", nonce);
        if (part != "unsigned")
            response.Headers.Add("X-Maestra-Signature", PeerKeyPair.Sign(SigningText.Response(200, PeerKeyPair.Id, own.Id, Vectors.Timestamp, nonce, sent)));
        Assert.Equal(part is "signer" or "unsigned", Check().Own is null);
        if (part == "body")
            sent = Encoding.UTF8.GetBytes("[]");
        if (part == "status")
            response.StatusCode = HttpStatusCode.Accepted;
        if (part == "nonce")
            nonce = Nonce(4);

        Assert.Null(Check().Own);
        Assert.NotNull(Check().Problem);
        await Task.CompletedTask;

        (BackendKey? Own, string? Signer, string? Problem) Check() =>
            PeerClient.Verify(response, sent, nonce, id => id == PeerKeyPair.Id ? PeerKeyPair.Public : null, [own]);
    }

    /// <summary>T71: a framed response of which any part was altered, or that answers another request, is hearsay.</summary>
    [Theory]
    [InlineData("nothing")]
    [InlineData("version")]
    [InlineData("signer")]
    [InlineData("timestamp")]
    [InlineData("nonce")]
    [InlineData("signature")]
    [InlineData("body")]
    [InlineData("status")]
    [InlineData("cut")]
    [InlineData("unsigned")]
    public async Task Response_InAFrameAltered_IsNotBelieved_T71(string part)
    {
        var signer = new FramingPeer(_rig.Board.Current.Current.Id, part);
        using var http = new HttpMessageInvoker(signer);
        var client = new PeerClient(http, _rig.Board, _rig.Directory, new ConversationHub.Contracts.IdSource(_rig.Time), _rig.Time);
        var peer = await _rig.PairAsync(FramingPeer.Key, new Uri("http://127.0.0.1:9"));

        var answer = await client.PostAsync(peer, "/sync", Body, null, SignedRig.MaxBytes, CancellationToken.None, isFramed: true);

        if (part == "nothing")
            Assert.Equal(200, Assert.IsType<PeerAnswer.Answered>(answer).Status);
        else
            Assert.IsType<PeerAnswer.Untrusted>(answer);
    }

    /// <summary>Answers a framed request in a frame, and then alters a part of it.</summary>
    private sealed class FramingPeer(string callerId, string part) : HttpMessageHandler
    {
        public static readonly BackendKey Key = NewKey();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.Equal(TestFrame.MediaType, request.Content!.Headers.ContentType?.MediaType);
            Assert.Empty(request.Headers);
            var (_, _, timestamp, nonce, _, _) = TestFrame.Read(await request.Content.ReadAsByteArrayAsync(cancellationToken));
            var body = Encoding.UTF8.GetBytes("{}");
            var headers = new SignatureHeaders(Key.Id, timestamp, nonce, Key.Sign(SigningText.Response(200, Key.Id, callerId, timestamp, nonce, body)));
            var frame = SignedFrame.Write(headers, null, body);
            var signer = 3 + Key.Id.Length;
            var at = part switch { "version" => 0, "signer" => signer - 1, "timestamp" => signer + 7, "nonce" => signer + 8, "signature" => signer + 30, "body" => frame.Length - 1, _ => -1 };
            if (at >= 0)
                frame[at] ^= 1;
            if (part == "cut")
                frame = frame[..(signer + 100)];
            var response = new HttpResponseMessage(part == "status" ? HttpStatusCode.Accepted : HttpStatusCode.OK)
            {
                Content = new ByteArrayContent(part == "unsigned" ? body : frame),
            };
            response.Content.Headers.ContentType = new MediaTypeHeaderValue(part == "unsigned" ? "application/json" : TestFrame.MediaType);
            return response;
        }
    }

    private async Task<(Reply Reply, HttpResponseMessage Response)> AttackAsync(string attack)
    {
        void Header(HttpRequestMessage request, string name, string value)
        {
            request.Headers.Remove(name);
            request.Headers.Add(name, value);
        }

        var now = _rig.Time.GetUtcNow();
        return attack switch
        {
            "unknown peer" => await SendAsync(Stranger, Body),
            "an id of the earlier system, local_x" => await SendAsync(Stranger, Body, signedAs: "local_x"),
            "an id of the earlier system, test_x" => await SendAsync(Stranger, Body, signedAs: "test_x"),
            "another's id" => await SendAsync(Stranger, Body, signedAs: PeerKeyPair.Id),
            "altered body" => await SendAsync(PeerKeyPair, Body, tamper: static request => request.Content = Content(Encoding.UTF8.GetBytes("""{"ping": null}"""))),
            "altered timestamp" => await SendAsync(PeerKeyPair, Body, tamper: request => Header(request, "X-Maestra-Timestamp", (now.ToUnixTimeMilliseconds() + 1).ToString(CultureInfo.InvariantCulture))),
            "altered nonce" => await SendAsync(PeerKeyPair, Body, tamper: request => Header(request, "X-Maestra-Nonce", Nonce(99))),
            "altered query" => await SendAsync(PeerKeyPair, Body, path: "/sync?x=1"),
            "altered signature" => await SendAsync(PeerKeyPair, Body, tamper: request => Header(request, "X-Maestra-Signature", Vectors.RequestSignature)),
            "no signature" => await SendAsync(PeerKeyPair, Body, tamper: static request => request.Headers.Remove("X-Maestra-Signature")),
            "two nonces" => await SendAsync(PeerKeyPair, Body, tamper: static request => request.Headers.Add("X-Maestra-Nonce", Nonce(98))),
            "addressed to another" => await SendAsync(PeerKeyPair, Body, addressee: Stranger.Id),
            "121 seconds old" => await SendAsync(PeerKeyPair, Body, time: now - TimeSpan.FromSeconds(121)),
            "121 seconds early" => await SendAsync(PeerKeyPair, Body, time: now + TimeSpan.FromSeconds(121)),
            "oversized" => await SendAsync(PeerKeyPair, new byte[SignedRig.MaxBytes + 1]),
            "gzip bomb" => await SendAsync(PeerKeyPair, ContentCoding.Encode(new byte[1 << 20], "gzip"), coding: "gzip"),
            "brotli bomb" => await SendAsync(PeerKeyPair, ContentCoding.Encode(new byte[1 << 20], "br"), coding: "br"),
            "gzip in gzip" => await SendAsync(PeerKeyPair, ContentCoding.Encode(ContentCoding.Encode(Body, "gzip"), "gzip"), coding: "gzip, gzip"),
            "not gzip" => await SendAsync(PeerKeyPair, Body, coding: "gzip"),
            "not JSON by its type" => await SendAsync(PeerKeyPair, Body, tamper: static request => request.Content!.Headers.ContentType = new MediaTypeHeaderValue("text/plain")),
            _ => await SendAsync(PeerKeyPair, Body),
        };
    }

    private static Task<PeerAnswer> PostAsync(SignedRig caller, Peer peer) =>
        caller.Client.PostAsync(peer, "/sync", Body, null, SignedRig.MaxBytes, CancellationToken.None);

    private static ByteArrayContent Content(byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private async Task<(Reply Reply, HttpResponseMessage Response)> SendAsync(
        BackendKey key, byte[] body, string? nonce = null, DateTimeOffset? time = null, string? signedAs = null, string? addressee = null,
        string path = "/sync", string? coding = null, Action<HttpRequestMessage>? tamper = null, SignedRig? to = null)
    {
        var rig = to ?? _rig;
        var timestamp = (time ?? rig.Time.GetUtcNow()).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var signer = signedAs ?? key.Id;
        nonce ??= Nonce(++_nonces);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Content(body) };
        if (coding is not null)
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        request.Headers.Add("X-Maestra-Backend", signer);
        request.Headers.Add("X-Maestra-Timestamp", timestamp);
        request.Headers.Add("X-Maestra-Nonce", nonce);
        request.Headers.Add("X-Maestra-Signature", key.Sign(
            SigningText.Request("POST", "/sync", addressee ?? rig.Board.Current.Current.Id, signer, timestamp, nonce, body)));
        tamper?.Invoke(request);
        if (_isFramed)
            await TestFrame.WrapAsync(request);
        var response = await rig.Http.SendAsync(request);
        return (await Reply.ReadAsync(response), response);
    }

    private static async Task<Peer> OnlyPeerAsync(SignedRig rig) => Assert.Single((await rig.Directory.ListAsync(CancellationToken.None)).Peers!);

    private static BackendKey NewKey() => BackendKey.FromPem(BackendIdentity.NewPem(), BackendMode.Local, DateTimeOffset.UnixEpoch);

    private static string Nonce(int number) => number.ToString("x32", CultureInfo.InvariantCulture);
}
