using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Costs;

namespace Maestra.Backend.Http;

/// <summary>Every problem this program tells, with its status and text (wire.md §7).</summary>
internal static class Refusals
{
    /// <summary>A store looks for itself, every second or two, whether it can be written again.</summary>
    private const int StoreRetrySeconds = 2;

    private const int OverloadedRetrySeconds = 1;

    /// <summary>Made once: an overload tells it thousands of times a second.</summary>
    private static readonly HttpReply.Refused OverloadedOnce =
        HttpReply.Problem(503, ProblemCode.Overloaded, "Too many requests at once; nothing was stored", OverloadedRetrySeconds);

    public static HttpReply.Refused InvalidHeader(string name, string expected) =>
        HttpReply.Problem(400, ProblemCode.InvalidHeader, $"Header {name} must be {expected}");

    /// <summary>One text for a missing, an unknown and a wrong key.</summary>
    public static HttpReply.Refused InvalidApiKey() => HttpReply.Problem(401, ProblemCode.InvalidApiKey, "Invalid API key");

    public static HttpReply.Refused UserMismatch(UserId keyUser) =>
        HttpReply.Problem(403, ProblemCode.UserMismatch, $"The API key belongs to user '{keyUser}'; send that user_id, or anonymous");

    public static HttpReply.Refused HostRefused() =>
        HttpReply.Problem(403, ProblemCode.HostRefused, "Host must be 127.0.0.1, [::1] or localhost");

    public static HttpReply.Refused OriginRefused() =>
        HttpReply.Problem(403, ProblemCode.OriginRefused, "Origin is not listed in CORS_ORIGINS");

    public static HttpReply.Refused NotFound() => HttpReply.Problem(404, ProblemCode.NotFound, "Not Found");

    public static HttpReply.Refused ConversationNotFound() =>
        HttpReply.Problem(404, ProblemCode.ConversationNotFound, "Conversation not found");

    public static HttpReply.Refused MethodNotAllowed() => HttpReply.Problem(405, ProblemCode.MethodNotAllowed, "Method Not Allowed");

    public static HttpReply.Refused RequestTimeout() =>
        HttpReply.Problem(408, ProblemCode.RequestTimeout, $"The body did not arrive within {WireLimits.BodyArrivalSeconds} seconds");

    public static HttpReply.Refused AmbiguousConversation() =>
        HttpReply.Problem(409, ProblemCode.AmbiguousConversation, "Several users have a conversation of this id; name one with ?user_id=");

    public static HttpReply.Refused ConversationDamaged() => HttpReply.Problem(409, ProblemCode.ConversationDamaged,
        "The stored conversation cannot be read; remove or repair its file, or use a new conversation_id");

    public static HttpReply.Refused ConversationFull() => HttpReply.Problem(409, ProblemCode.ConversationFull,
        $"The conversation holds {WireLimits.MessagesPerConversation} messages; use a new conversation_id");

    public static HttpReply.Refused ConversationErased() =>
        HttpReply.Problem(410, ProblemCode.ConversationErased, "Conversation was erased; use a new conversation_id");

    public static HttpReply.Refused BodyTooLarge(int maxBytes = WireLimits.RequestBodyBytes) =>
        HttpReply.Problem(413, ProblemCode.BodyTooLarge, $"Request body is larger than {maxBytes} bytes");

    public static HttpReply.Refused UriTooLong() =>
        HttpReply.Problem(414, ProblemCode.UriTooLong, $"Request line is longer than {WireLimits.RequestLineBytes} bytes");

    public static HttpReply.Refused JsonRequired() =>
        HttpReply.Problem(415, ProblemCode.JsonRequired, "Content-Type must be application/json");

    public static HttpReply.Refused EncodingRefused() =>
        HttpReply.Problem(415, ProblemCode.JsonRequired, "Content-Encoding must be identity: send the body uncompressed");

    public static HttpReply.Refused HeadersTooLarge() =>
        HttpReply.Problem(431, ProblemCode.HeadersTooLarge, $"Headers are larger than {WireLimits.HeaderBytes} bytes");

    public static HttpReply.Refused IdempotencyMismatch() => HttpReply.Problem(422, ProblemCode.IdempotencyMismatch,
        "This Idempotency-Key was used for a question with another body; send the same body, or a new key");

    public static HttpReply.Refused RateLimited(int seconds) =>
        HttpReply.Problem(429, ProblemCode.RateLimited, "Rate limit exceeded", seconds);

    public static HttpReply.Refused TooManyFailedKeys(int seconds) =>
        HttpReply.Problem(429, ProblemCode.RateLimited, "Too many failed keys from this address", seconds);

    public static HttpReply.Refused CostLimitExceeded(CostLimitHit hit) => HttpReply.Problem(
        429,
        ProblemCode.CostLimitExceeded,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The {(hit.Kind == CostLimitKind.Daily ? "daily" : "monthly")} cost limit of {hit.LimitUsd} USD does not allow this question; it resets at {WireTime.Format(hit.ResetsAt)}"),
        hit.RetryAfterSeconds);

    public static HttpReply.Refused InternalError() => HttpReply.Problem(500, ProblemCode.InternalError, "Internal server error");

    public static HttpReply.Refused ProviderFailed() =>
        HttpReply.Problem(502, ProblemCode.ProviderFailed, "The model provider failed; no reply was stored");

    public static HttpReply.Refused ProviderBusy(int? retryAfterSeconds) =>
        HttpReply.Problem(503, ProblemCode.ProviderBusy, "The model provider is busy; no reply was stored", retryAfterSeconds);

    public static HttpReply.Refused Overloaded() => OverloadedOnce;

    public static HttpReply.Refused ShuttingDown() =>
        HttpReply.Problem(503, ProblemCode.ShuttingDown, "The backend is stopping; no reply was stored");

    public static HttpReply.Refused DeadlineExceeded() =>
        HttpReply.Problem(504, ProblemCode.DeadlineExceeded, "The time for this request is spent; no reply was stored");

    /// <summary>507 is the answer to a full disk: nothing was stored, and retrying helps once there is room.</summary>
    public static HttpReply.Refused StoreFailure(StoreFailure failure) => failure.Kind switch
    {
        StoreFailureKind.Unavailable => HttpReply.Problem(503, ProblemCode.StoreUnavailable, failure.Reason, StoreRetrySeconds),
        StoreFailureKind.NoRoom => HttpReply.Problem(507, ProblemCode.StoreUnavailable, failure.Reason),
        _ => HttpReply.Problem(500, ProblemCode.StoreFailed, "Conversation store failed"),
    };

    /// <summary>Problems that other backends are told (wire.md §7, §9): which check failed, and no more.</summary>
    public static HttpReply.Refused SignatureInvalid(string detail = "The signature does not fit the request") =>
        HttpReply.Problem(401, ProblemCode.SignatureInvalid, detail);

    public static HttpReply.Refused SignatureStale() =>
        HttpReply.Problem(401, ProblemCode.SignatureStale, "The request is older or newer than 120 seconds; compare the clocks");

    public static HttpReply.Refused NonceReplayed() => HttpReply.Problem(401, ProblemCode.NonceReplayed, "This request was made before");

    public static HttpReply.Refused NoncesFull(int retryAfterSeconds) =>
        HttpReply.Problem(429, ProblemCode.RateLimited, "Too many requests of this peer are remembered", retryAfterSeconds);

    public static HttpReply.Refused PeerUnknown() => HttpReply.Problem(403, ProblemCode.PeerUnknown, "Peer not registered");

    public static HttpReply.Refused WrongTarget() =>
        HttpReply.Problem(400, ProblemCode.WrongTarget, "target_backend_id is not this backend");

    public static HttpReply.Refused ScopeViolation() =>
        HttpReply.Problem(403, ProblemCode.ScopeViolation, "An operation is of a user outside the pairing; nothing was taken");

    public static HttpReply.Refused OriginConflict() => HttpReply.Problem(409, ProblemCode.OriginConflict,
        "Another operation is held under the same origin and number; sync is suspended until an owner has looked");

    public static HttpReply.Refused PairingRequired() => HttpReply.Problem(403, ProblemCode.PairingRequired,
        "Pairing needs a code of maestra-backend peers invite, or an entry in MAESTRA_PEERS");

    public static HttpReply.Refused PairingCodeInvalid() =>
        HttpReply.Problem(401, ProblemCode.PairingCodeInvalid, "The pairing code is wrong, used or older than ten minutes");

    public static HttpReply.Refused PairingUserMismatch(string user) =>
        HttpReply.Problem(403, ProblemCode.UserMismatch, $"The invitation is for user '{user}'");

    public static HttpReply.Refused PeerMismatch() => HttpReply.Problem(400, ProblemCode.PeerMismatch, "SBT does not reference this backend");

    public static HttpReply.Refused SbtInvalid(string detail) => HttpReply.Problem(401, ProblemCode.SbtInvalid, detail);

    public static HttpReply.Refused SbtExpired() => HttpReply.Problem(401, ProblemCode.SbtExpired, "SBT is not valid at this time");

    public static HttpReply.Refused SbtReplayed() => HttpReply.Problem(401, ProblemCode.SbtReplayed, "SBT was used before");

    public static HttpReply.Refused SbtLegacy() =>
        HttpReply.Problem(401, ProblemCode.SbtLegacy, "SBT with a shared secret is no longer accepted; sign with PS256");

    public static HttpReply.Refused KeyChanged() => HttpReply.Problem(409, ProblemCode.KeyChanged,
        "The key of this peer has changed; an owner must confirm it with maestra-backend peers confirm");

    public static HttpReply.Refused BackendIdMismatch() =>
        HttpReply.Problem(422, ProblemCode.BackendIdMismatch, "peer_backend_id is not the id of peer_public_key");

    public static HttpReply.Refused PeersFull() =>
        HttpReply.Problem(409, ProblemCode.PairingRequired, "This backend has as many peers as it can hold; remove one first");

    public static HttpReply.Refused PeerNotFound() => HttpReply.Problem(404, ProblemCode.PeerNotFound, "Peer not found");

    public static HttpReply.Refused CodingRefused() =>
        HttpReply.Problem(415, ProblemCode.JsonRequired, "Content-Encoding must be gzip, br or identity");

    public static HttpReply.Refused CodingBroken() => HttpReply.Invalid(
    [
        new ValidationError { Type = ValidationErrorType.ValueError, Loc = [ErrorLocation.Body], Msg = "Body is not what Content-Encoding says" },
    ]);
}
