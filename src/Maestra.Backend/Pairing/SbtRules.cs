using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Pairing;

/// <summary>Whether a token may be believed: a function of the token, both sides and the time (wire.md §9.2).</summary>
internal static class SbtRules
{
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromHours(8);
    public static readonly TimeSpan Leeway = TimeSpan.FromSeconds(60);

    /// <summary>So long after its end a used token is remembered.</summary>
    public static readonly TimeSpan RememberedAfterExpiry = TimeSpan.FromHours(1);

    private const string IdPrefix = "sbt_";
    private const int IdHexDigits = 16;
    private const int MaxSessionCharacters = 128;

    /// <summary>Everything but the user and whether it was used before, which the kept state tells.</summary>
    /// <param name="ownId">This backend's id to which the request was addressed.</param>
    /// <returns>Null when it holds.</returns>
    public static HttpReply.Refused? Check(Sbt sbt, string peerId, PeerKey peerKey, string ownId, DateTimeOffset now)
    {
        var claims = sbt.Claims;
        if (!IsId(claims.SbtId))
            return Refusals.SbtInvalid($"sbt_id must be {IdPrefix} and {IdHexDigits} lower-case hexadecimal digits");
        if (!FreeText.IsName(claims.SessionId, MaxSessionCharacters))
            return Refusals.SbtInvalid($"session_id must be 1 to {MaxSessionCharacters} characters without control characters");
        if (sbt.KeyId != peerId)
            return Refusals.SbtInvalid("The SBT was issued by another backend than peer_backend_id");
        if (claims.Issuer != ownId && claims.Addressee != ownId)
            return Refusals.PeerMismatch();
        if (!(claims.Issuer == peerId && claims.Addressee == ownId) && !(claims.Addressee == peerId && claims.Issuer == ownId))
            return Refusals.SbtInvalid("The SBT does not reference peer_backend_id");
        if (!WireTime.TryParse(claims.CreatedAt, out var created) || !WireTime.TryParse(claims.ExpiresAt, out var expires))
            return Refusals.SbtInvalid("created_at and expires_at must be times");
        if (expires <= created || expires - created > MaxLifetime)
            return Refusals.SbtInvalid("The SBT must live longer than nothing and at most eight hours");
        if (now < created - Leeway || now > expires + Leeway)
            return Refusals.SbtExpired();
        return peerKey.Verify(sbt.SigningInput, sbt.Signature) ? null : Refusals.SbtInvalid("The signature does not fit the SBT");
    }

    /// <summary>Until when a token that was accepted is remembered.</summary>
    public static DateTimeOffset KeptUntil(SbtClaims claims) =>
        WireTime.TryParse(claims.ExpiresAt, out var expires) ? expires + RememberedAfterExpiry : throw new FormatException("The token was checked before.");

    private static bool IsId(string text) =>
        text.Length == IdPrefix.Length + IdHexDigits && text.StartsWith(IdPrefix, StringComparison.Ordinal)
        && HexText.Is(text.AsSpan(IdPrefix.Length));
}
