using System.Text;
using Maestra.Backend.Settings;
using Microsoft.IdentityModel.Tokens;

namespace Maestra.Backend.Tokens;

/// <summary>The issuer whose tokens stand in for keys (wire.md §13).</summary>
/// <param name="Algorithm">The one that is taken, whatever a token says of itself.</param>
/// <param name="Keys">One secret, or the public keys of the JWKS file.</param>
internal sealed record TokenSettings(string Algorithm, IReadOnlyList<SecurityKey> Keys, string Issuer, string Audience)
{
    public const int MinSecretBytes = 32;

    /// <returns>Null when no issuer is set, or something about it is wrong.</returns>
    public static TokenSettings? Bind(SettingReader reader, BackendMode mode)
    {
        var secret = reader.Secret(SettingNames.JwtSecretKey);
        var jwks = reader.Find(SettingNames.JwtJwksFile);
        if (secret is null && jwks is null)
        {
            foreach (var name in new[] { SettingNames.JwtIssuer, SettingNames.JwtAudience }.Where(reader.IsSet))
                reader.Refuse($"{name}: set without {SettingNames.JwtSecretKey} or {SettingNames.JwtJwksFile}, which hold what tokens are checked with");
            return null;
        }

        if (mode == BackendMode.Local)
        {
            reader.Warn($"{SettingNames.JwtSecretKey} and {SettingNames.JwtJwksFile} have no effect in local mode, where nobody needs a key");
            return null;
        }

        if (secret is not null && jwks is not null)
        {
            // Two algorithms at once are what a forger of tokens hopes for.
            reader.Refuse($"{SettingNames.JwtSecretKey} and {SettingNames.JwtJwksFile} are both set: choose HS256 with the one or RS256 with the other");
            return null;
        }

        var keys = secret is not null ? Secret(reader, secret) : JwksFile.Read(reader, jwks!);
        var issuer = Required(reader, SettingNames.JwtIssuer, "the value of iss in the issuer's tokens");
        var audience = Required(reader, SettingNames.JwtAudience, "the value of aud that names this backend");
        return keys.Count > 0 && issuer is not null && audience is not null
            ? new TokenSettings(secret is not null ? SecurityAlgorithms.HmacSha256 : SecurityAlgorithms.RsaSha256, keys, issuer, audience)
            : null;
    }

    private static IReadOnlyList<SecurityKey> Secret(SettingReader reader, string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        if (bytes.Length >= MinSecretBytes)
            return [new SymmetricSecurityKey(bytes)];
        reader.Refuse($"{SettingNames.JwtSecretKey}: HS256 needs a secret of at least {MinSecretBytes} bytes (256 bits; RFC 7518 §3.2); this one has {bytes.Length}");
        return [];
    }

    private static string? Required(SettingReader reader, string name, string what)
    {
        if (reader.Text(name) is { } text)
            return text;
        reader.Refuse($"{name}: not set; tokens need {what}");
        return null;
    }
}
