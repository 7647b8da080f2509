using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Signing;

namespace Maestra.Backend.Tests.Sync;

/// <summary><c>POST /sync</c> byte for byte (wire.md §9.4), against a whole backend with the log store. What is refused changes nothing.</summary>
public sealed class SyncEndpointTests : IAsyncLifetime
{
    private const string Clock = "019b8d7df23b0000";

    private readonly SyncRig _rig = new();
    private TestBackend _backend = null!;
    private TestPeer _peer = null!;
    private int _syncs;

    private static string Origin => SyncRig.LocalKey.Id + "~5f0c9a1e";

    public async Task InitializeAsync()
    {
        _backend = await _rig.StartCloudAsync(SyncRig.Entry(SyncRig.LocalKey, user: "ada"));
        _peer = new TestPeer(SyncRig.LocalKey, _backend, SyncRig.CloudKey.Id);
    }

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    /// <summary>T38, T40.</summary>
    [Fact]
    public async Task Sync_ABatchAndTheSameAgain_CountsThenSkips_T38_T40()
    {
        var first = await SendAsync(Body(Message(1, "one"), Message(2, "two", "assistant")));
        var again = await SendAsync(Body(Message(1, "one"), Message(2, "two", "assistant")));

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal("synced 1 1 0 0 2", Counters(first));
        Assert.Equal("synced 1 0 0 1 0", Counters(again));
        Assert.Equal((SyncRig.CloudKey.Id, 2L), ((string?)first.Json["source_backend_id"], (long)first.Json["have"]![Origin]!));
        Assert.Equal(SyncRig.CloudKey.Id, first.Headers["X-Maestra-Backend"]);
        Assert.Equal("one|two", await SyncRig.TranscriptAsync(_backend));
    }

    /// <summary>T39: what the caller lacks comes in the same round trip, and nothing that it has.</summary>
    [Fact]
    public async Task Sync_WhatTheCallerLacks_ComesBack_T39()
    {
        await SyncRig.AskAsync(_backend, "from cloud");

        var reply = await SendAsync(Body());
        var have = reply.Json["have"]!.DeepClone();
        var body = Body();
        body["have"] = have;
        var settled = await SendAsync(body);

        Assert.Equal(2, reply.Json["conversations"]![0]!["messages"]!.AsArray().Count);
        Assert.Empty(settled.Json["conversations"]!.AsArray());
        Assert.False((bool)settled.Json["more"]!);
    }

    /// <summary>A caller's first request tells only what it holds: until that has come the two have not synced, and retention waits (docs/decisions/0055).</summary>
    [Fact]
    public async Task Sync_TheCallerHoldsMore_CountsAsSyncedOnlyOnceItCame()
    {
        var body = Body();
        body["have"] = new JsonObject { [Origin] = 1 };
        await SendAsync(body);
        Assert.Null((await _backend.GetAsync("/peers")).Json["peers"]![0]!["last_sync_at"]);

        body = Body(Message(1, "one"));
        body["have"] = new JsonObject { [Origin] = 1 };
        await SendAsync(body);
        Assert.NotNull((await _backend.GetAsync("/peers")).Json["peers"]![0]!["last_sync_at"]);
    }

    /// <summary>A digest in place of a vector: equal, what came since the last answer, or that it is not known what the caller lacks.</summary>
    [Fact]
    public async Task Sync_ADigest_IsAnsweredByEqualByWhatCameSinceOrByTheVector()
    {
        var first = await SendFramedAsync(new JsonObject { ["have"] = new JsonObject(), ["conversations"] = new JsonArray(Conversation("ada", Message(1, "one"))) });
        var told = Digest(first.Json["have"]!.AsObject());
        var equal = await SendFramedAsync(new JsonObject { ["equal_to"] = told });
        await SyncRig.AskAsync(_backend, "from cloud", "second");
        var since = await SendFramedAsync(new JsonObject { ["equal_to"] = told });
        var settled = await SendFramedAsync(new JsonObject { ["equal_to"] = Digest(since.Json["have"]!.AsObject()) });
        var unknown = await SendFramedAsync(new JsonObject { ["equal_to"] = Digest(new JsonObject { [Origin] = 1 }) });
        var pushed = await SendFramedAsync(new JsonObject
        {
            ["equal_to"] = Digest(new JsonObject(since.Json["have"]!.AsObject().Where(static one => one.Key != Origin).Select(static one => KeyValuePair.Create(one.Key, one.Value?.DeepClone())).Append(KeyValuePair.Create(Origin, (JsonNode?)2)))),
            ["conversations"] = new JsonArray(Conversation("ada", Message(2, "two"))),
        });

        Assert.Equal((1, false), ((int)first.Json["operations_applied"]!, first.Json.ContainsKey("equal")));
        Assert.Equal("""{"equal":true}""", equal.Text);
        Assert.Equal((2, false), (since.Json["conversations"]![0]!["messages"]!.AsArray().Count, since.Json.ContainsKey("equal")));
        Assert.Equal("""{"equal":true}""", settled.Text);
        Assert.Equal((false, true, false), ((bool)unknown.Json["equal"]!, (bool)unknown.Json["more"]!, unknown.Json.ContainsKey("conversations")));
        Assert.Equal(since.Json["have"]!.ToJsonString(), unknown.Json["have"]!.ToJsonString());
        Assert.Equal("""{"equal":true,"operations_applied":1}""", pushed.Text);
        Assert.Equal("one|two", await SyncRig.TranscriptAsync(_backend));

        Task<Reply> SendFramedAsync(JsonObject body) => _peer.SendAsync(Routes.Sync, Encoding.UTF8.GetBytes(body.ToJsonString()), isFramed: true);
        static string Digest(JsonObject have) => System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(
            string.Join('\n', have.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(static one => $"{one.Key} {one.Value}")))).AsSpan(0, 16));
    }

    public static TheoryData<string, int, string> Refusals => new()
    {
        { "another receiver", 400, "wrong_target" },
        { "another sender", 401, "signature_invalid" },
        { "altered", 401, "signature_invalid" },
        { "no JSON", 422, "invalid_request" },
        { "a field missing", 422, "invalid_request" },
        { "an id that is no UUID", 422, "invalid_request" },
        { "no such role", 422, "invalid_request" },
        { "no number", 422, "invalid_request" },
        { "an origin without a backend", 422, "invalid_request" },
        { "too many origins", 422, "invalid_request" },
        { "a negative number", 422, "invalid_request" },
        { "a number beyond all use", 422, "invalid_request" },
        { "no conversations", 422, "invalid_request" },
        { "a null for a conversation", 422, "invalid_request" },
        { "a null for a message", 422, "invalid_request" },
        { "a null for messages", 422, "invalid_request" },
        { "a null for a tombstone", 422, "invalid_request" },
        { "a null for a content", 422, "invalid_request" },
        { "a null for an origin", 422, "invalid_request" },
        { "half a surrogate in a field", 422, "invalid_request" },
        { "another user", 403, "scope_violation" },
    };

    /// <summary>Frames name sender and receiver by the signature alone, and leave out what is empty.</summary>
    public static TheoryData<string, int, string, bool> RefusalsInBothForms
    {
        get
        {
            var all = new TheoryData<string, int, string, bool>();
            foreach (var row in Refusals)
            {
                var (what, status, code) = ((string)row[0], (int)row[1], (string)row[2]);
                all.Add(what, status, code, false);
                if (what == "another receiver")
                    all.Add(what, 401, "signature_invalid", true);
                else if (what == "another sender")
                    all.Add(what, 403, "peer_unknown", true);
                else if (what is not ("a field missing" or "no conversations"))
                    all.Add(what, status, code, true);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(RefusalsInBothForms))]
    public async Task Sync_Refused_TakesNothingAndIsAudited(string what, int status, string code, bool isFramed)
    {
        var good = Message(1, "good");
        var body = Body(good);
        Action<HttpRequestMessage>? tamper = null;
        switch (what)
        {
            case "another receiver":
                body["target_backend_id"] = SyncRig.LocalKey.Id;
                break;
            case "another sender":
                body["source_backend_id"] = SyncRig.CloudKey.Id;
                break;
            case "altered":
                tamper = request => request.Content = TestBackend.Json(body.ToJsonString() + " ");
                break;
            case "a field missing":
                body.Remove("sync_id");
                break;
            case "an id that is no UUID":
                body = Body(good, Message(2, "bad", id: "seventeen"));
                break;
            case "no such role":
                body = Body(good, Message(2, "bad", "oracle"));
                break;
            case "no number":
                body = Body(good, Message(0, "bad"));
                break;
            case "an origin without a backend":
                body = Body(good, Message(2, "bad", origin: "nobody~5f0c9a1e"));
                break;
            case "too many origins":
                body["have"] = new JsonObject(Enumerable.Range(0, 1025).Select(n => KeyValuePair.Create($"{SyncRig.LocalKey.Id}~{n:x8}", (JsonNode?)1)));
                break;
            case "a negative number":
                await SyncRig.AskAsync(_backend, "of the stream that is asked for", "others");
                body["have"] = new JsonObject { [await OwnOriginAsync()] = -4 };
                break;
            case "a number beyond all use":
                body["have"] = new JsonObject { [Origin] = 1L + int.MaxValue };
                break;
            case "no conversations":
                body["conversations"] = null;
                break;
            case "a null for a conversation":
                body["conversations"]!.AsArray().Add(null);
                break;
            case "a null for a message":
                body["conversations"]![0]!["messages"]!.AsArray().Add(null);
                break;
            case "a null for messages":
                body["conversations"]![0]!["messages"] = null;
                break;
            case "a null for a tombstone":
                body["tombstones"] = new JsonArray((JsonNode?)null);
                break;
            case "a null for a content":
                body["conversations"]![0]!["messages"]![0]!["content"] = null;
                break;
            case "a null for an origin":
                body["conversations"]![0]!["messages"]![0]!["origin"] = null;
                break;
            case "half a surrogate in a field":
                body["conversations"]![0]!["fields"] = JsonNode.Parse(
                    $$"""[{"op_id":"019b8d7d-0000-7000-8000-000000000077","name":"title","value":"HALF","timestamp":"2026-01-05T09:30:00Z","origin":"{{Origin}}","seq":2,"hlc":"{{Clock}}"}]""");
                break;
            case "another user":
                body["conversations"]!.AsArray().Add(Conversation("bob", Message(1, "not ada's", origin: SyncRig.LocalKey.Id + "~00000001")));
                break;
        }

        var bytes = what == "no JSON" ? "{\"sync_id\":"u8.ToArray() : Encoding.UTF8.GetBytes(body.ToJsonString().Replace("HALF", "\\ud800", StringComparison.Ordinal));
        var reply = await _peer.SendAsync(
            Routes.Sync, bytes, tamper: tamper, isFramed: isFramed, signedAs: isFramed && what == "another sender" ? SyncRig.CloudKey.Id : null,
            addressee: isFramed && what == "another receiver" ? SyncRig.LocalKey.Id : null);

        Assert.Equal((status, code), ((int)reply.Status, reply.Code));
        Assert.Equal("", await SyncRig.TranscriptAsync(_backend));
        Assert.Equal("synced 1 1 0 0 1", Counters(await SendAsync(Body(good))));
        await _backend.DisposeAsync();
        Assert.Contains(await _rig.AuditAsync("cloud"), record => (string?)record["event"] == "sync_refused" && (string?)record["details"]!["code"] == code);
    }

    /// <summary>What this side's own settings keep out is passed over and told; only what the pairing does not cover is held against the peer.</summary>
    [Fact]
    public async Task Sync_AUserThatTheSettingsLeaveOut_IsPassedOver()
    {
        await _backend.DisposeAsync();
        await using var narrow = await _rig.StartLimitedAsync("cloud", "ada", SyncRig.Entry(SyncRig.LocalKey));
        var peer = new TestPeer(SyncRig.LocalKey, narrow, SyncRig.CloudKey.Id);
        var body = Body(Message(1, "ada's"));
        var bobs = Conversation("bob", Message(1, "not wanted", origin: SyncRig.LocalKey.Id + "~00000001"));
        bobs["conversation_id"] = "bobs";
        body["conversations"]!.AsArray().Add(bobs);
        await SyncRig.AskAsync(narrow, "of carol", "carols", "carol");

        var reply = await peer.SendAsync(Routes.Sync, Encoding.UTF8.GetBytes(body.ToJsonString()));

        Assert.Equal("synced 1 1 0 0 1", Counters(reply));
        Assert.Equal("ada", string.Join(' ', reply.Json["users"]!.AsArray().Select(user => (string?)user)));
        Assert.Equal(Origin, Assert.Single(reply.Json["have"]!.AsObject()).Key);
        Assert.All(reply.Json["conversations"]!.AsArray(), one => Assert.Equal("ada", (string?)one!["user_id"]));
        Assert.Equal(("ada's", ""), (await SyncRig.TranscriptAsync(narrow), await SyncRig.TranscriptAsync(narrow, "bobs", "bob")));

        // Nor is anything sent of whom the caller leaves out.
        await SyncRig.AskAsync(narrow, "of ada", "second");
        body = Body();
        body["users"] = new JsonArray("bob");
        reply = await peer.SendAsync(Routes.Sync, Encoding.UTF8.GetBytes(body.ToJsonString()));
        Assert.Empty(reply.Json["conversations"]!.AsArray());
    }

    /// <summary>Different operations under one number: told, audited, and nothing more until an owner has looked (wire.md §9.5).</summary>
    [Fact]
    public async Task Sync_AnotherOperationUnderOneNumber_SuspendsThePeer()
    {
        await SendAsync(Body(Message(1, "first")));

        var conflict = await SendAsync(Body(Message(1, "second", id: "019b8d7d-f23b-7a1b-ac3d-0000000000ff")));
        var later = await SendAsync(Body());

        Assert.Equal((409, "origin_conflict"), ((int)conflict.Status, conflict.Code));
        Assert.Equal((403, "peer_unknown"), ((int)later.Status, later.Code));
        Assert.Equal("suspended", (string?)(await _backend.GetAsync(Routes.Peers)).Json["peers"]![0]!["state"]);
        Assert.Equal("first", await SyncRig.TranscriptAsync(_backend));
        await _backend.DisposeAsync();
        Assert.Contains(await _rig.AuditAsync("cloud"), record => (string?)record["event"] == "origin_conflict");
    }

    /// <summary>An erasure is taken beyond a gap, at once, and told to whoever keeps something of the conversation outside the store.</summary>
    [Fact]
    public async Task Sync_AnErasureOutOfTurn_TakesEffectAndIsTold()
    {
        await SendAsync(Body(Message(1, "to be erased")));
        var body = Body();
        body["tombstones"] = new JsonArray(new JsonObject
        {
            ["op_id"] = "019b8d7d-f600-7000-8000-000000000004",
            ["user_id"] = "ada",
            ["conversation_id"] = "main",
            ["scope"] = "conversation",
            ["timestamp"] = "2026-01-05T09:30:01.088000Z",
            ["origin"] = Origin,
            ["seq"] = 9,
            ["hlc"] = "019b8d7df6000000",
        });

        var reply = await SendAsync(body);

        Assert.Equal((HttpStatusCode.OK, 1L), (reply.Status, (long)reply.Json["have"]![Origin]!));
        Assert.Equal("conversation_erased", (await _backend.GetAsync("/conversations/main?user_id=ada")).Code);
        var act = Assert.Single(_backend.Acts);
        Assert.Equal(("main", SyncRig.LocalKey.Id), (act.ConversationId.ToString(), act.Peer));
    }

    /// <summary>Issue 7, 6: whole conversations without vectors, origins and numbers, as the earlier system sends them.</summary>
    [Fact]
    public async Task Sync_ThePayloadOfTheEarlierSystemTwice_IsTakenOnce()
    {
        JsonObject Payload(params string[] contents)
        {
            var body = Body();
            foreach (var name in new[] { "have", "tombstones", "more" })
                body.Remove(name);
            body["conversations"] = new JsonArray(new JsonObject
            {
                ["conversation_id"] = "main",
                ["title"] = "Parser rules",
                ["created_at"] = "2026-01-05T09:00:00",
                ["updated_at"] = "2026-01-05T09:00:00",
                ["messages"] = new JsonArray([.. contents.Select((content, at) => new JsonObject
                {
                    ["message_id"] = $"msg_{at}",
                    ["content"] = content,
                    ["timestamp"] = "2026-01-05T09:00:00",
                    ["source_backend"] = "local_old",
                    ["role"] = at % 2 == 0 ? "user" : "assistant",
                })]),
            });
            return body;
        }

        var first = await SendAsync(Payload("one", "two"));
        var again = await SendAsync(Payload("one", "two"));
        var grown = await SendAsync(Payload("one", "two", "three"));

        Assert.Equal("synced 1 1 0 0 2", Counters(first));
        Assert.Equal("synced 1 0 0 1 0", Counters(again));
        Assert.Equal("synced 1 0 1 0 1", Counters(grown));
        Assert.Equal("one|two|three", await SyncRig.TranscriptAsync(_backend));
        Assert.Empty(first.Json["conversations"]!.AsArray());

        var half = Payload("one");
        half["conversations"]![0]!["messages"]!.AsArray().Add(Message(1, "with a number").DeepClone());
        var mixed = await SendAsync(half);
        var foreign = Payload("not ada's");
        foreign["conversations"]![0]!["user_id"] = "bob";
        var outside = await SendAsync(foreign);
        Assert.Equal((422, "invalid_request"), ((int)mixed.Status, mixed.Code));
        Assert.Equal((403, "scope_violation"), ((int)outside.Status, outside.Code));
        Assert.Equal("one|two|three", await SyncRig.TranscriptAsync(_backend));
    }

    /// <summary>The stream of what was written at the backend itself.</summary>
    private async Task<string> OwnOriginAsync() =>
        Assert.Single((await SendAsync(Body())).Json["have"]!.AsObject(), one => one.Key.StartsWith(SyncRig.CloudKey.Id, StringComparison.Ordinal)).Key;

    private Task<Reply> SendAsync(JsonObject body) => _peer.SendAsync(Routes.Sync, Encoding.UTF8.GetBytes(body.ToJsonString()));

    private JsonObject Body(params JsonObject[] messages) => new()
    {
        ["sync_id"] = $"sync_{++_syncs:x16}",
        ["source_backend_id"] = SyncRig.LocalKey.Id,
        ["target_backend_id"] = SyncRig.CloudKey.Id,
        ["timestamp"] = "2026-01-05T09:30:01.200000Z",
        ["have"] = new JsonObject(),
        ["tombstones"] = new JsonArray(),
        ["conversations"] = messages.Length == 0 ? new JsonArray() : new JsonArray(Conversation("ada", messages)),
        ["more"] = false,
    };

    private static JsonObject Conversation(string user, params JsonObject[] messages) => new()
    {
        ["conversation_id"] = "main",
        ["user_id"] = user,
        ["title"] = "Parser rules",
        ["messages"] = new JsonArray([.. messages.Select(message => message.DeepClone())]),
        ["fields"] = new JsonArray(),
    };

    private static JsonObject Message(long seq, string content, string role = "user", string? id = null, string? origin = null) => new()
    {
        ["message_id"] = id ?? $"019b8d7d-f23b-7a1b-ac3d-{seq:x12}",
        ["role"] = role,
        ["content"] = content,
        ["timestamp"] = "2026-01-05T09:30:00.123000Z",
        ["source_backend"] = SyncRig.LocalKey.Id,
        ["origin"] = origin ?? Origin,
        ["seq"] = seq,
        ["hlc"] = Clock,
        ["surface"] = "windsurf",
        ["meta"] = new JsonObject(),
        ["erased"] = false,
    };

    private static string Counters(Reply reply) =>
        string.Join(' ', new[] { "status", "conversations_received", "conversations_merged", "conversations_updated", "conversations_skipped", "operations_applied" }
            .Select(name => reply.Json[name]?.ToString()));
}
