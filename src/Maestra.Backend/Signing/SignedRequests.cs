using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Audit;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;
using Microsoft.Extensions.Primitives;

namespace Maestra.Backend.Signing;

/// <summary>What checking a signed request gave.</summary>
internal abstract record SignedRequestOutcome
{
    private SignedRequestOutcome()
    {
    }

    /// <param name="Peer">Who signed; paired and active.</param>
    /// <param name="SignerId">The id under which it signed: the peer's, or for a time after a change of keys its previous one.</param>
    /// <param name="Body">Decoded, not yet parsed (<see cref="RequestBody.Parse"/> gives the 422).</param>
    /// <param name="Exchange">For the response (<see cref="SignedReplies"/>).</param>
    public sealed record Accepted(Peer Peer, string SignerId, ReadOnlyMemory<byte> Body, SignedExchange Exchange) : SignedRequestOutcome;

    /// <param name="Exchange">Null unless the signature was a peer's: no work is done for strangers, so their refusals are not signed.</param>
    public sealed record Refused(HttpReply Reply, SignedExchange? Exchange = null) : SignedRequestOutcome;
}

/// <summary>
/// Lets signed requests in, in the order of wire.md §9.3: (1) size, (2) headers, (3) time, (4) peer, (5) signature, (6) nonce;
/// then the content encoding, whose limit is the same size once more. The caller checks JSON and fields.
/// </summary>
internal sealed class SignedRequests(
    IdentityBoard identity, PeerDirectory directory, IPeerStore store, IAuditTrail audit, TimeProvider time)
{
    public static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(120);

    /// <summary>Reads the body and checks everything; whatever is refused is audited.</summary>
    /// <param name="maxBytes">Of the body as sent, and of the body decoded.</param>
    public async Task<SignedRequestOutcome> AcceptAsync(HttpContext context, int maxBytes, CancellationToken cancellationToken)
    {
        // (1)
        var read = await RequestBody.ReadBytesAsync(context, time, maxBytes);
        if (read is RawBodyOutcome.Refused { Reply: var unread })
        {
            if (unread is HttpReply.Refused tooLarge)
                Audit(context, context.Request.Headers[HeaderNames.SignedBackend], tooLarge.Code);
            return new SignedRequestOutcome.Refused(unread);
        }

        var message = SignedMessage.Read(context.Request, ((RawBodyOutcome.Read)read).Bytes);
        var outcome = await CheckAsync(context.Request, message, maxBytes, cancellationToken);
        if (outcome is SignedRequestOutcome.Refused { Reply: HttpReply.Refused refused })
            Audit(context, message.Headers is { } headers ? (StringValues)headers.Signer : context.Request.Headers[HeaderNames.SignedBackend], refused.Code);
        return outcome;
    }

    /// <summary>The headers and the time of a request whose body was read: checks 2 and 3.</summary>
    public (SignatureHeaders? Headers, HttpReply.Refused? Refused) CheckHeaders(SignedMessage message)
    {
        if (message.Headers is not { } headers)
            return (null, Refusals.SignatureInvalid(message.Problem!));
        return (time.GetUtcNow() - headers.Time).Duration() > MaxSkew ? (headers, Refusals.SignatureStale()) : (headers, null);
    }

    /// <summary>Finds the own id to which the request was addressed: the one under which the signature fits.</summary>
    public BackendKey? FindAddressee(IdentityKeys keys, HttpRequest request, SignatureHeaders headers, PeerKey signer, ReadOnlySpan<byte> body)
    {
        foreach (var own in keys.Valid(time.GetUtcNow()))
        {
            var text = SigningText.Request(request.Method, SignedTarget.Of(request), own.Id, headers.Signer, headers.Timestamp, headers.Nonce, body);
            if (signer.Verify(text, headers.Signature))
                return own;
        }

        return null;
    }

    private async Task<SignedRequestOutcome> CheckAsync(HttpRequest request, SignedMessage message, int maxBytes, CancellationToken cancellationToken)
    {
        // (2), (3)
        var (headers, refused) = CheckHeaders(message);
        if (refused is not null)
            return new SignedRequestOutcome.Refused(refused);

        // (4)
        var (peers, failure) = await directory.ListAsync(cancellationToken);
        if (peers is null)
            return new SignedRequestOutcome.Refused(Refusals.StoreFailure(failure!));
        var now = time.GetUtcNow();
        var peer = peers.FirstOrDefault(peer => peer.KeyOf(headers!.Signer, now) is not null);
        if (peer is null)
        {
            return new SignedRequestOutcome.Refused(
                peers.Any(other => other.Successor?.BackendId == headers!.Signer) ? Refusals.KeyChanged() : Refusals.PeerUnknown());
        }

        if (peer.State != PeerState.Active)
            return new SignedRequestOutcome.Refused(Refusals.PeerUnknown());

        // (5)
        var keys = await identity.RefreshAsync(cancellationToken);
        if (FindAddressee(keys, request, headers!, peer.KeyOf(headers!.Signer, now)!, message.Body.Span) is not { } own)
            return new SignedRequestOutcome.Refused(Refusals.SignatureInvalid());
        var exchange = new SignedExchange(own, peer.BackendId, headers.Nonce, message.IsFramed);

        // (6)
        var (verdict, unknown) = await store.TakeNonceAsync(peer.BackendId, headers.Nonce, cancellationToken);
        if (Refusal(verdict, unknown) is { } spent)
            return new SignedRequestOutcome.Refused(spent, exchange);

        if (await LearnAsync(request, peer, headers.Signer, own, cancellationToken) is { } lost)
            return new SignedRequestOutcome.Refused(Refusals.StoreFailure(lost), exchange);
        return Decode(request, message, maxBytes) is { } decoded
            ? decoded.Refused is { } bad
                ? new SignedRequestOutcome.Refused(bad, exchange)
                : new SignedRequestOutcome.Accepted(peer, headers.Signer, decoded.Body, exchange)
            : throw new InvalidOperationException("Decoding gives a body or a refusal.");
    }

    /// <summary>What a believed request tells beside its body: by which id the peer knows this backend, and that its own key is to change.</summary>
    private async Task<StoreFailure?> LearnAsync(HttpRequest request, Peer peer, string signer, BackendKey own, CancellationToken cancellationToken)
    {
        var announced = request.Headers[HeaderNames.Successor];
        return await directory.LearnAsync(peer, signer, own.Id, announced.Count == 1 ? announced[0] : null, time.GetUtcNow(), cancellationToken);
    }

    private static (ReadOnlyMemory<byte> Body, HttpReply.Refused? Refused)? Decode(HttpRequest request, SignedMessage message, int maxBytes)
    {
        if (!message.IsFramed && !RequestBody.IsJson(request.ContentType))
            return (default, Refusals.JsonRequired());
        return ContentCoding.TryDecode(message.Body, message.Coding, maxBytes, out var body) switch
        {
            CodingOutcome.Decoded => (body, null),
            CodingOutcome.TooLarge => (default, Refusals.BodyTooLarge(maxBytes)),
            CodingOutcome.Unknown => (default, Refusals.CodingRefused()),
            _ => (default, Refusals.CodingBroken()),
        };
    }

    public static HttpReply.Refused? Refusal(NonceVerdict? verdict, StoreFailure? failure) => verdict switch
    {
        null => Refusals.StoreFailure(failure!),
        NonceVerdict.Replayed => Refusals.NonceReplayed(),
        NonceVerdict.Full full => Refusals.NoncesFull(full.RetryAfterSeconds),
        _ => null,
    };

    private void Audit(HttpContext context, StringValues claimed, string code)
    {
        var actor = claimed is [{ } id] && FreeText.IsName(id, UserId.MaxLength) ? id : AuditEvent.Unknown;
        audit.Record(new AuditEvent(AuditEventName.SyncRefused, AuditOutcome.Refused, actor, identity.Current.Current.Id)
        {
            RequestId = RequestState.Of(context).RequestId,
            Details = [AuditDetail.Of("code", code)],
        });
    }
}
