using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Pairing;

/// <summary>Makes tokens: a JWS whose header and payload are canonical JSON (RFC 7515, wire.md §9.2).</summary>
internal static class SbtWriter
{
    public const string Algorithm = "PS256";
    public const string Type = "SBT";

    public static byte[] Header(string issuer) => CanonicalJson.Serialize(new JsonObject { ["alg"] = Algorithm, ["kid"] = issuer, ["typ"] = Type });

    /// <summary>First two parts and the dot between.</summary>
    public static byte[] SigningInput(byte[] header, byte[] payload) =>
        Encoding.ASCII.GetBytes($"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}");

    /// <summary>The compact form.</summary>
    public static string Compact(SbtClaims claims, BackendKey issuer)
    {
        var input = SigningInput(Header(claims.Issuer), claims.Payload());
        return $"{Encoding.ASCII.GetString(input)}.{issuer.Sign(input)}";
    }

    /// <summary>The object form.</summary>
    public static SbtObject Object(SbtClaims claims, BackendKey issuer) => new()
    {
        SbtId = claims.SbtId,
        UserId = claims.UserId,
        SessionId = claims.SessionId,
        LocalBackendId = claims.Issuer,
        HostedBackendId = claims.Addressee,
        CreatedAt = claims.CreatedAt,
        ExpiresAt = claims.ExpiresAt,
        Signature = issuer.Sign(SigningInput(Header(claims.Issuer), claims.Payload())),
    };
}
