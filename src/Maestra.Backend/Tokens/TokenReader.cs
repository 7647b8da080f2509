using System.Security.Cryptography;
using System.Text;
using Maestra.Backend.Keys;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Maestra.Backend.Tokens;

/// <summary>Whom a token stands for.</summary>
/// <param name="Partition">Under what the requests are counted: by user, whatever token.</param>
internal sealed record TokenOwner(KeyOwner Owner, string Partition);

/// <summary>
/// Checks tokens of the configured issuer. The form is read first and strictly (<see cref="TokenShape"/>); the signature is checked by
/// the library; then issuer, audience and times, by this backend's clock. Thread-safe.
/// </summary>
internal sealed class TokenReader(TokenSettings settings, TimeProvider time)
{
    /// <summary>Clocks of issuer and backend may differ by so much.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private const int PartitionHexDigits = 16;

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = TokenShape.MaxCharacters };

    /// <returns>Null for whatever is not a valid token.</returns>
    public async ValueTask<TokenOwner?> FindOwnerAsync(string? token)
    {
        if (token is null || TokenShape.Read(token, settings.Algorithm) is not { } claims || !IsMeant(claims) || KeyFor(claims.KeyId) is not { } key)
            return null;

        // Form, names and times are checked by now: what the library decides is the signature, under the one algorithm and key.
        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key,
            ValidAlgorithms = [settings.Algorithm],
            ValidIssuer = settings.Issuer,
            ValidAudience = settings.Audience,
            ValidateLifetime = false,
            TryAllIssuerSigningKeys = true,
        });
        return result.IsValid ? new TokenOwner(new KeyOwner(claims.Subject), Partition(claims.Subject.ToString())) : null;
    }

    private bool IsMeant(TokenClaims claims)
    {
        // The skew is taken from and added to this clock: a token's own time may be the last there is, as issuers write it for "never".
        var now = time.GetUtcNow();
        return claims.Issuer == settings.Issuer
            && claims.Audiences.Contains(settings.Audience, StringComparer.Ordinal)
            && now - ClockSkew < DateTimeOffset.FromUnixTimeSeconds(claims.ExpiresAt)
            && (claims.NotBefore is not { } from || now + ClockSkew >= DateTimeOffset.FromUnixTimeSeconds(from));
    }

    /// <summary>The key of that id; without an id there must be no choice.</summary>
    private SecurityKey? KeyFor(string? id)
    {
        if (id is null || settings.Algorithm == SecurityAlgorithms.HmacSha256)
            return settings.Keys.Count == 1 ? settings.Keys[0] : null;
        return settings.Keys.Where(key => key.KeyId == id).ToArray() is [var named] ? named
            : settings.Keys is [{ KeyId: null } only] ? only
            : null;
    }

    private static string Partition(string user) =>
        "user:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user)))[..PartitionHexDigits];
}
