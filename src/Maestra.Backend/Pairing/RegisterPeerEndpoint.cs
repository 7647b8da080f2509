using ConversationHub.Contracts;
using Maestra.Backend.Audit;
using Maestra.Backend.Health;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Pairing;

/// <summary>
/// <c>POST /register-peer</c> (wire.md §9.2), in the order of §9.3: (1) size, (2) headers, (3) time, (4) the body, which holds the key,
/// (5) signature, (6) nonce; then (7) the token, and (8) code or settings, which alone decide whether anything is kept.
/// A stranger's request leaves nothing behind, not even its nonce, so that strangers can fill no room.
/// </summary>
internal sealed class RegisterPeerEndpoint(
    SignedRequests requests, SignedReplies replies, IdentityBoard identity, IPeerStore store, BackendSettings settings,
    HealthReporter health, IAuditTrail audit, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost(Routes.RegisterPeer, AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        var (reply, exchange, peerId) = await RegisterAsync(context, context.RequestAborted);
        if (reply is not HttpReply.ClientGone)
        {
            var refused = reply as HttpReply.Refused;
            audit.Record(new AuditEvent(
                refused is null ? AuditEventName.PeerRegistered : AuditEventName.PeerRefused,
                refused is null ? AuditOutcome.Ok : AuditOutcome.Refused,
                peerId ?? AuditEvent.Unknown,
                identity.Current.Current.Id)
            {
                RequestId = RequestState.Of(context).RequestId,
                Details = refused is null ? [] : [AuditDetail.Of("code", refused.Code)],
            });
        }

        await replies.WriteAsync(context, reply, exchange);
    }

    /// <returns>The reply; the exchange when it is to be signed; who was said to be the peer.</returns>
    private async Task<(HttpReply Reply, SignedExchange? Exchange, string? PeerId)> RegisterAsync(HttpContext context, CancellationToken cancellationToken)
    {
        // (1)
        var read = await RequestBody.ReadBytesAsync(context, time, WireLimits.RequestBodyBytes);
        if (read is RawBodyOutcome.Refused unread)
            return (unread.Reply, null, null);
        var body = ((RawBodyOutcome.Read)read).Bytes;

        // (2), (3): the earlier system sends no headers; it is told what it does wrong all the same.
        var (headers, refused) = requests.CheckHeaders(SignedMessage.OfHeaders(context.Request, body));
        if (refused is not null)
            return (IsLegacy(body) ? Refusals.SbtLegacy() : refused, null, headers?.Signer);

        // (4)
        var (fields, malformed) = Parse(context.Request, body);
        if (fields is null)
            return (malformed!, null, headers!.Signer);
        if (headers!.Signer != fields.PeerId)
            return (Refusals.SignatureInvalid("The request is signed by another backend than peer_backend_id"), null, headers.Signer);

        // (5)
        var keys = await identity.RefreshAsync(cancellationToken);
        if (requests.FindAddressee(keys, context.Request, headers, fields.PeerKey, body.Span) is not { } own)
            return (WrongAddressee(fields) ?? Refusals.SignatureInvalid(), null, headers.Signer);

        // (6)
        var (seen, lost) = await store.FindNonceAsync(fields.PeerId, headers.Nonce, cancellationToken);
        if (SignedRequests.Refusal(seen, lost) is { } spent)
            return (spent, null, headers.Signer);

        // (7)
        var (claims, unfit) = CheckToken(fields, own);
        if (claims is null)
            return (unfit!, null, headers.Signer);

        // (8)
        var registration = new Registration(
            fields.PeerId, fields.PeerKey, fields.Capabilities, claims, fields.Proof, own.Id,
            settings.Peers.FirstOrDefault(peer => peer.BackendId == fields.PeerId));
        var now = time.GetUtcNow();
        var (outcome, failure) = await store.ChangeAsync(state => PairingRules.Register(state, registration, now), cancellationToken);
        var exchange = new SignedExchange(own, fields.PeerId, headers.Nonce);
        if (outcome is not RegistrationOutcome.Registered registered)
            return (outcome is null ? Refusals.StoreFailure(failure!) : Refusal(outcome), outcome is RegistrationOutcome.UserMismatch ? exchange : null, headers.Signer);

        // The token is spent already, so that a crash before this line lets nobody in twice.
        (_, failure) = await store.TakeNonceAsync(fields.PeerId, headers.Nonce, cancellationToken);
        return (failure is null ? Registered(claims, own, registered.Scope) : Refusals.StoreFailure(failure), exchange, headers.Signer);
    }

    private (SbtClaims? Claims, HttpReply.Refused? Refused) CheckToken(RegisterFields fields, BackendKey own)
    {
        switch (SbtReader.Read(fields.Sbt))
        {
            case SbtReading.Legacy:
                return (null, Refusals.SbtLegacy());
            case SbtReading.Malformed malformed:
                return (null, Refusals.SbtInvalid(malformed.Reason));
            case SbtReading.Read read:
                return SbtRules.Check(read.Token, fields.PeerId, fields.PeerKey, own.Id, time.GetUtcNow()) is { } refused
                    ? (null, refused)
                    : (read.Token.Claims, null);
            case var unknown:
                throw new InvalidOperationException($"Unknown reading {unknown.GetType().Name}.");
        }
    }

    private static HttpReply.Refused? WrongAddressee(RegisterFields fields) => SbtReader.Read(fields.Sbt) is SbtReading.Legacy ? Refusals.SbtLegacy() : null;

    private static (RegisterFields? Fields, HttpReply.Refused? Refused) Parse(HttpRequest request, ReadOnlyMemory<byte> body)
    {
        if (!RequestBody.IsJson(request.ContentType))
            return (null, Refusals.JsonRequired());
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding != "identity")
            return (null, Refusals.EncodingRefused());
        return RequestBody.Parse(body) switch
        {
            BodyOutcome.Read read => RegisterFields.Read(read.Root),
            BodyOutcome.Refused { Reply: HttpReply.Refused refused } => (null, refused),
            var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
        };
    }

    private static bool IsLegacy(ReadOnlyMemory<byte> body) =>
        RequestBody.Parse(body) is BodyOutcome.Read { Root: var root } && RegisterFields.FindSbt(root) is { } sbt && SbtReader.Read(sbt) is SbtReading.Legacy;

    private static HttpReply.Refused Refusal(RegistrationOutcome outcome) => outcome switch
    {
        RegistrationOutcome.KeyChanged => Refusals.KeyChanged(),
        RegistrationOutcome.SbtReplayed => Refusals.SbtReplayed(),
        RegistrationOutcome.PairingRequired => Refusals.PairingRequired(),
        RegistrationOutcome.CodeInvalid => Refusals.PairingCodeInvalid(),
        RegistrationOutcome.UserMismatch mismatch => Refusals.PairingUserMismatch(mismatch.Scope.ToString()),
        RegistrationOutcome.Full => Refusals.PeersFull(),
        _ => throw new InvalidOperationException($"{outcome.GetType().Name} is no refusal."),
    };

    private HttpReply.Json Registered(SbtClaims claims, BackendKey own, PeerScope scope) => HttpReply.Ok(
        new RegisterPeerResponse
        {
            SbtId = claims.SbtId,
            PeerBackendId = claims.Issuer == own.Id ? claims.Addressee : claims.Issuer,
            BackendId = own.Id,
            PublicKey = own.Public.Pem,
            Capabilities = OwnCapabilities.Of(own.Id, health.Report(tellsCount: false).Capabilities),
            UserId = scope.ToString(),
        },
        MaestraJson.Compact.RegisterPeerResponse);
}
