using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Pairing;

/// <summary>What joining gave.</summary>
internal abstract record JoinOutcome
{
    private JoinOutcome()
    {
    }

    public sealed record Joined(PeerRecord Peer) : JoinOutcome;

    /// <param name="Reason">For the owner: what went wrong, and what to do. Without the code.</param>
    public sealed record Refused(string Reason) : JoinOutcome;
}

/// <summary>The joiner's half of a pairing: sends a signed registration, believes the inviter's signed answer only, and keeps the peer with its URL.</summary>
internal sealed class PeerJoiner(HttpMessageInvoker http, IdentityKeys keys, IPeerStore store, IdSource ids, TimeProvider time)
{
    private const int MaxResponseBytes = 64 * 1024;
    private const int SbtIdBytes = 8;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    public async Task<JoinOutcome> JoinAsync(PairingCode code, Uri url, PeerScope scope, IReadOnlyList<string> capabilities, CancellationToken cancellationToken)
    {
        var own = keys.Current;
        if (code.InviterId == own.Id)
            return new JoinOutcome.Refused("the code was made by this backend; run join on the other one");
        var body = JsonSerializer.SerializeToUtf8Bytes(Registration(code, own, scope, capabilities), MaestraJson.Compact.RegisterPeerRequest);
        using var limit = new CancellationTokenSource(MaxDuration, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = PeerClient.Sign(ids, time, own, code.InviterId, PeerUrl.Join(url, Routes.RegisterPeer), Routes.RegisterPeer, body, null, out var nonce);
        try
        {
            using var response = await http.SendAsync(request, either.Token);
            var (sent, problem) = await PeerClient.ReadAsync(response, MaxResponseBytes, either.Token);
            return problem is null
                ? await JudgeAsync(code, url, own, response, sent, nonce, cancellationToken)
                : new JoinOutcome.Refused($"{url}: {problem}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new JoinOutcome.Refused($"{url} cannot be reached: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new JoinOutcome.Refused($"{url} did not answer within {MaxDuration.TotalSeconds} s; look with peers list on the other side whether it took the code all the same");
        }
    }

    private RegisterPeerRequest Registration(PairingCode code, BackendKey own, PeerScope scope, IReadOnlyList<string> capabilities)
    {
        var now = time.GetUtcNow();
        var claims = new SbtClaims(
            $"sbt_{ids.NewHex(SbtIdBytes)}", scope.ToString(), $"join-{ids.NewHex(SbtIdBytes)}", own.Id, code.InviterId,
            WireTime.Format(now), WireTime.Format(now + TokenLifetime));
        return new RegisterPeerRequest
        {
            Sbt = JsonSerializer.SerializeToElement(SbtWriter.Object(claims, own), MaestraJson.Compact.SbtObject),
            PeerBackendId = own.Id,
            PeerPublicKey = own.Public.Pem,
            PeerCapabilities = capabilities,
            PairingProof = PairingCode.Proof(code.Secret, code.InviterId, own.Id, claims.SbtId, own.Public),
        };
    }

    private async Task<JoinOutcome> JudgeAsync(
        PairingCode code, Uri url, BackendKey own, HttpResponseMessage response, ReadOnlyMemory<byte> sent, string nonce, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
            return new JoinOutcome.Refused($"{url} refused: {Detail(sent) ?? $"status {(int)response.StatusCode}"}");
        RegisterPeerResponse? answer;
        try
        {
            answer = JsonSerializer.Deserialize(sent.Span, MaestraJson.Compact.RegisterPeerResponse);
        }
        catch (JsonException)
        {
            answer = null;
        }

        if (answer is null || !PeerKey.TryParsePem(answer.PublicKey, out var key) || !PeerScope.TryParse(answer.UserId, out _))
            return new JoinOutcome.Refused($"{url} did not answer as a backend does");
        if (!key.HasId(code.InviterId) || answer.BackendId != code.InviterId)
            return new JoinOutcome.Refused($"{url} is not the backend that made the code: it is {answer.BackendId}. Nothing was paired here; remove {own.Id} there");
        if (PeerClient.Verify(response, sent.Span, nonce, id => id == code.InviterId ? key : null, [own]) is { Own: null, Problem: var problem })
            return new JoinOutcome.Refused($"{url} is not believed: {problem}");
        return await KeepAsync(answer, key, url, own, cancellationToken);
    }

    private async Task<JoinOutcome> KeepAsync(RegisterPeerResponse answer, PeerKey key, Uri url, BackendKey own, CancellationToken cancellationToken)
    {
        var peer = new PeerRecord
        {
            BackendId = answer.BackendId,
            PublicKey = key.Base64,
            Capabilities = answer.Capabilities,
            UserId = answer.UserId,
            Url = url.OriginalString,
            RegisteredAt = time.GetUtcNow(),
            State = PeerStateNames.Active,
            OwnId = own.Id,
        };
        var (kept, failure) = await store.ChangeAsync<PeerRecord>(state => (PeerRules.With(state, peer), peer), cancellationToken);
        return kept is null
            ? new JoinOutcome.Refused($"{failure!.Reason} The other side has taken the code; invite anew once that is put right")
            : new JoinOutcome.Joined(peer);
    }

    /// <summary>The words of a refusal. They may be anybody's, so nothing but a message to the owner follows from them.</summary>
    private static string? Detail(ReadOnlyMemory<byte> body)
    {
        try
        {
            var problem = JsonSerializer.Deserialize(body.Span, MaestraJson.Compact.Problem);
            return problem is null ? null : $"{Logging.LogText.Clean(problem.Detail.ToString())} ({Logging.LogText.Clean(problem.Code)})";
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
