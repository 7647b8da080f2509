using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;
using Maestra.Backend.Pairing;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Signing;

/// <summary>Another backend as an attacker would play it: it signs what it likes, and any part can be changed after signing.</summary>
internal sealed class TestPeer(BackendKey key, TestBackend target, string targetId)
{
    private int _count;

    public BackendKey Key { get; } = key;

    public static BackendKey NewKey() => BackendKey.FromPem(BackendIdentity.NewPem(), BackendMode.Local, DateTimeOffset.UnixEpoch);

    public string Nonce() => (++_count).ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>The compact or object form of a token that this peer issues.</summary>
    public JsonNode Sbt(bool compact = false, string? user = "ada", string? addressee = null, TimeSpan? age = null, TimeSpan? lifetime = null, string? id = null)
    {
        var created = target.Time.GetUtcNow() - (age ?? TimeSpan.Zero);
        var claims = new SbtClaims(
            id ?? $"sbt_{++_count:x16}", user!, "sess_001", Key.Id, addressee ?? targetId,
            WireTime.Format(created), WireTime.Format(created + (lifetime ?? TimeSpan.FromHours(8))));
        return compact
            ? JsonValue.Create(SbtWriter.Compact(claims, Key))
            : JsonNode.Parse(JsonSerializer.SerializeToUtf8Bytes(SbtWriter.Object(claims, Key), MaestraJson.Compact.SbtObject))!;
    }

    /// <summary>A registration; with a code also the proof that goes with the token.</summary>
    public JsonObject Registration(JsonNode sbt, PairingCode? code)
    {
        var body = new JsonObject
        {
            ["sbt"] = sbt,
            ["peer_backend_id"] = Key.Id,
            ["peer_public_key"] = Key.Public.Pem,
            ["peer_capabilities"] = new JsonArray("sync"),
        };
        if (code is not null)
            body["pairing_proof"] = PairingCode.Proof(code.Secret, code.InviterId, Key.Id, SbtId(sbt), Key.Public);
        return body;
    }

    public Task<Reply> RegisterAsync(JsonObject body, string? nonce = null) =>
        SendAsync(Routes.RegisterPeer, Encoding.UTF8.GetBytes(body.ToJsonString()), nonce);

    /// <summary>Sends a body, signed; <paramref name="tamper"/> changes the request after it was signed.</summary>
    /// <param name="time">When it says it was made; now by default.</param>
    /// <param name="signedAs">The id it claims; its own by default.</param>
    public async Task<Reply> SendAsync(
        string path, byte[] body, string? nonce = null, DateTimeOffset? time = null, string? signedAs = null, string? addressee = null,
        Action<HttpRequestMessage>? tamper = null, bool isFramed = false)
    {
        var timestamp = (time ?? target.Time.GetUtcNow()).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var signer = signedAs ?? Key.Id;
        nonce ??= Nonce();
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-Maestra-Backend", signer);
        request.Headers.Add("X-Maestra-Timestamp", timestamp);
        request.Headers.Add("X-Maestra-Nonce", nonce);
        request.Headers.Add("X-Maestra-Signature", Key.Sign(SigningText.Request("POST", path, addressee ?? targetId, signer, timestamp, nonce, body)));
        tamper?.Invoke(request);
        if (isFramed)
            await TestFrame.WrapAsync(request);
        return await target.SendAsync(request);
    }

    private static string SbtId(JsonNode sbt)
    {
        if (sbt is JsonObject form)
            return (string)form["sbt_id"]!;
        var payload = System.Buffers.Text.Base64Url.DecodeFromChars(((string)sbt!).Split('.')[1]);
        return (string)JsonNode.Parse(payload)!["sbt_id"]!;
    }
}
