using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Routing.Tests.Asking;
using ConversationHub.Testing;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Time;

namespace ConversationHub.Routing.Tests.Http;

/// <summary>With a pinned id a local service gets nothing but the challenge until it has proven that id (wire.md §8, T74).</summary>
public sealed class IdentityGateTests : IDisposable
{
    private readonly RSA _key = RSA.Create(2048);

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task AskAsync_LocalProvesItsId_IsAskedOnThatConnection()
    {
        await using var hub = Hub(IdOf(_key));
        hub.Local.Proxy.Route = WithIdentity(hub, request => Identity(request, _key, IdOf(_key)));

        var first = await hub.AskAsync();
        var second = await hub.AskAsync();
        Assert.Equal((TargetName.Local, TargetName.Local), (first.ServedBy, second.ServedBy));
        Assert.Equal("/identity", hub.Local.Proxy.Requests[0].Path);

        // The client may begin another connection and find that it does not need it; that one asks for its proof too, a moment later.
        Assert.True(
            SpinWait.SpinUntil(() => hub.Local.Proxy.Connections == hub.Local.Proxy.Requests.Count(request => request.Path == "/identity"), TestTimeouts.Signal),
            $"{hub.Local.Proxy.Connections} connections");
    }

    public static TheoryData<string> Lookalikes => new() { "another key", "another id", "replayed proof", "no proof", "relayed", "no connection", "not json", "404", "hung up" };

    /// <summary>
    /// T74: a lookalike gets no text, and nothing is asked of the cloud in its place; one that has the real backend answer the challenge
    /// ("relayed") is told apart by the connection that the proof names.
    /// </summary>
    [Theory]
    [MemberData(nameof(Lookalikes))]
    public async Task AskAsync_LocalCannotProveItsId_GetsNothingAndTheQuestionStops(string lookalike)
    {
        using var other = RSA.Create(2048);
        await using var hub = Hub(IdOf(_key));
        hub.Local.Proxy.Route = WithIdentity(hub, request => lookalike switch
        {
            "another key" => Identity(request, other, IdOf(_key)),
            "another id" => Identity(request, other, IdOf(other)),
            "replayed proof" => Identity(request, _key, IdOf(_key), challenge: "00112233445566778899aabbccddeeff"),
            "no proof" => Identity(request, _key, IdOf(_key), leaveOut: "proof"),
            "relayed" => Identity(request, _key, IdOf(_key), connection: $"127.0.0.1:{hub.Cloud.Proxy.Port}"),
            "no connection" => Identity(request, _key, IdOf(_key), leaveOut: "connection_proof"),
            "not json" => Chaos.Respond(CannedResponse.Text(200, "<html>", "text/html")),
            "404" => Chaos.Respond(CannedResponse.Text(404, "")),
            _ => Chaos.CloseAfterRead,
        });

        var result = await hub.AskAsync();
        await hub.Health.ReadAsync(refresh: true, CancellationToken.None);

        Assert.Equal((AttemptOutcome.Identity, false), (Assert.Single(result.Attempts).Outcome, result.MayHaveRun));
        Assert.Empty(hub.Local.Asks.Snapshot());
        Assert.Empty(hub.Cloud.Asks.Snapshot());
        Assert.All(hub.Local.Proxy.Requests, request => Assert.Equal("/identity", request.Path));
    }

    /// <summary>T74, decision 22: whoever listens gets no text, and nothing says that it is another one.</summary>
    [Fact]
    public async Task AskAsync_ProofIsLate_IsAConnectTimeoutThatSaysSoAndTheNextIsAsked()
    {
        var time = new ManualTimeProvider();
        await using var hub = new RouterUnderTest(options => options with { LocalBackendId = IdOf(_key) }, time: time);
        hub.Local.Proxy.Route = _ => Chaos.StallBeforeHeaders;

        var asking = hub.AskAsync();
        await hub.Local.Proxy.RequestAsync(1);
        time.Advance(IdentityGate.ProofLimit);
        var result = await asking;

        var late = result.Attempts[0];
        Assert.Equal((TargetName.Local, AttemptOutcome.ConnectTimeout, false), (late.Target, late.Outcome, late.MayHaveRun));
        Assert.Contains("no proof of its identity", late.Detail, StringComparison.Ordinal);
        Assert.Equal(TargetName.Cloud, result.ServedBy);
        Assert.All(hub.Local.Proxy.Requests, request => Assert.Equal("/identity", request.Path));
    }

    /// <summary>On a clock that stands still: however long a busy machine takes to prove or to check, it is not silence.</summary>
    private static RouterUnderTest Hub(string pinned) => new(options => options with { LocalBackendId = pinned }, time: new ManualTimeProvider());

    private static Func<RecordedRequest, ChaosBehaviour?> WithIdentity(RouterUnderTest hub, Func<RecordedRequest, ChaosBehaviour> identity)
    {
        var others = hub.Local.Proxy.Route!;
        return request => request.Path == "/identity" ? identity(request) : others(request);
    }

    private static ChaosBehaviour Identity(
        RecordedRequest request, RSA key, string id, string? challenge = null, string? leaveOut = null, string? connection = null)
    {
        challenge ??= request.Target.Split("challenge=")[1];
        connection ??= request.Header("Host")!;
        var answer = new JsonObject
        {
            ["backend_id"] = id,
            ["backend_type"] = "local",
            ["public_key"] = key.ExportSubjectPublicKeyInfoPem() + "\n",
            ["capabilities"] = new JsonArray("idempotency"),
            ["version"] = "1.0",
            ["created_at"] = "2026-01-02T08:00:00.000000Z",
            ["proof"] = Sign(key, $"maestra-identity-v1\n{id}\n{challenge}"),
            ["connection"] = connection,
            ["connection_proof"] = Sign(key, $"maestra-identity-v2\n{id}\n{challenge}\n{connection}"),
        };
        if (leaveOut is not null)
            answer.Remove(leaveOut);
        return Chaos.Respond(CannedResponse.Json(200, answer));
    }

    private static string Sign(RSA key, string text) =>
        Base64Url.EncodeToString(key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pss));

    private static string IdOf(RSA key) => $"local_sha256_{Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16]}";
}
