using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Maestra.Backend.Tests.Tokens;

/// <summary>Makes tokens, honest and otherwise, without any library's help.</summary>
internal static class TokenForge
{
    public const string Secret = "a-secret-of-an-issuer-that-is-long-enough-0001";
    public const string Issuer = "https://issuer.example";
    public const string Audience = "maestra";

    /// <summary>The header of an honest HS256 token.</summary>
    public const string Header = """{"alg":"HS256","typ":"JWT"}""";

    /// <summary>The manual clock's start, 2026-01-05T09:30:00Z.</summary>
    public const long Now = 1_767_605_400;

    public static string Claims(string subject = "ada", long expiresAt = Now + 600, string more = "") =>
        $$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"{{subject}}","exp":{{expiresAt}}{{more}}}""";

    public static string Hs256(string claims, string header = Header, string secret = Secret)
    {
        var input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(input)))}";
    }

    public static string Rs256(RSA key, string claims, string header = """{"alg":"RS256","typ":"JWT","kid":"k1"}""")
    {
        var input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(key.SignData(Encoding.UTF8.GetBytes(input), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    public static string Jwks(RSA key, string id = "k1")
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return $$"""{"keys":[{"kty":"EC","crv":"P-256"},{"kty":"RSA","use":"sig","alg":"RS256","kid":"{{id}}","n":"{{Base64Url.EncodeToString(parameters.Modulus)}}","e":"{{Base64Url.EncodeToString(parameters.Exponent)}}"}]}""";
    }

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
