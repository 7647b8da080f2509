using System.Text.Json.Nodes;
using ConversationHub.Contracts;

namespace Maestra.Backend.Pairing;

/// <summary>The claims of a Session Binding Token (wire.md §9.2), as they were sent.</summary>
/// <param name="Issuer"><c>local_backend_id</c>, whatever kind of backend it is.</param>
/// <param name="Addressee"><c>hosted_backend_id</c>.</param>
internal sealed record SbtClaims(string SbtId, string UserId, string SessionId, string Issuer, string Addressee, string CreatedAt, string ExpiresAt)
{
    /// <summary>Canonical JSON: what both forms of the token sign.</summary>
    public byte[] Payload() => CanonicalJson.Serialize(new JsonObject
    {
        ["sbt_id"] = SbtId,
        ["user_id"] = UserId,
        ["session_id"] = SessionId,
        ["local_backend_id"] = Issuer,
        ["hosted_backend_id"] = Addressee,
        ["created_at"] = CreatedAt,
        ["expires_at"] = ExpiresAt,
    });
}

/// <summary>A token with its signature, not yet checked.</summary>
/// <param name="KeyId"><c>kid</c> of the compact form; the issuer in the object form, which has none.</param>
/// <param name="SigningInput">The bytes that the signature covers: first two parts of the compact form and the dot between.</param>
internal sealed record Sbt(SbtClaims Claims, string KeyId, byte[] SigningInput, string Signature);
