using System.Buffers.Text;
using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Tokens;

/// <summary>What a token says, before anything of it is believed.</summary>
/// <param name="KeyId"><c>kid</c> of its header; null when it names none.</param>
internal sealed record TokenClaims(string? KeyId, string Issuer, IReadOnlyList<string> Audiences, UserId Subject, long ExpiresAt, long? NotBefore);

/// <summary>
/// The form of a signed token (RFC 7515 §3.1, RFC 7519), more strictly than libraries read it: exactly three parts of base64url without
/// padding, one spelling of each, JSON without duplicate names, the pinned algorithm and no extension, times that are numbers. Pure.
/// </summary>
internal static class TokenShape
{
    /// <summary>Longer than any honest issuer's.</summary>
    public const int MaxCharacters = 8 * 1024;

    private const int Parts = 3;

    /// <summary>Three parts: no key of ours looks like that, and nothing else is worth a check of a signature.</summary>
    public static bool LooksLikeToken(string text) => text.Length <= MaxCharacters && text.AsSpan().Count('.') == Parts - 1;

    /// <returns>Null when it has not this form.</returns>
    public static TokenClaims? Read(string token, string algorithm)
    {
        if (!LooksLikeToken(token))
            return null;
        var parts = token.Split('.');
        if (Decode(parts[0]) is not { } header || Decode(parts[1]) is not { } payload || Decode(parts[2]) is not { Length: > 0 })
            return null;
        try
        {
            using var head = JsonDocument.Parse(header, MaestraJson.Document);
            using var body = JsonDocument.Parse(payload, MaestraJson.Document);
            return IsHeader(head.RootElement, algorithm, out var keyId) ? Claims(body.RootElement, keyId) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, a name twice, or half of a surrogate pair in one.
            return null;
        }
    }

    private static bool IsHeader(JsonElement header, string algorithm, out string? keyId)
    {
        keyId = null;
        if (header.ValueKind != JsonValueKind.Object || Text(header, "alg") != algorithm)
            return false;
        if (header.TryGetProperty("typ", out _) && !IsType(Text(header, "typ")))
            return false;

        // "crit" demands to understand what it names, "zip" and "enc" belong to other forms, and a key is never taken from the token itself.
        if (header.EnumerateObject().Any(static field => field.Name is "crit" or "zip" or "enc" or "cty" or "jku" or "jwk" or "x5u" or "x5c" or "b64"))
            return false;
        keyId = Text(header, "kid");
        return keyId is not null || !header.TryGetProperty("kid", out _);
    }

    private static bool IsType(string? type) =>
        "JWT".Equals(type, StringComparison.OrdinalIgnoreCase) || "at+jwt".Equals(type, StringComparison.OrdinalIgnoreCase);

    private static TokenClaims? Claims(JsonElement body, string? keyId)
    {
        if (body.ValueKind != JsonValueKind.Object || Text(body, "iss") is not { } issuer
            || Audiences(body) is not { } audiences || !UserId.TryParse(Text(body, "sub"), out var subject)
            || !TryReadTime(body, "exp", out var expiresAt) || expiresAt is not { } expiry
            || !TryReadTime(body, "nbf", out var notBefore) || !TryReadTime(body, "iat", out _))
        {
            return null;
        }

        // These two mean more than one person elsewhere: no issuer makes anyone them.
        return subject.ToString() is "*" or "anonymous" ? null : new TokenClaims(keyId, issuer, audiences, subject, expiry, notBefore);
    }

    private static IReadOnlyList<string>? Audiences(JsonElement body)
    {
        if (!body.TryGetProperty("aud", out var audience))
            return null;
        if (audience.ValueKind == JsonValueKind.String)
            return [audience.GetString()!];
        return audience.ValueKind == JsonValueKind.Array && audience.EnumerateArray().All(static one => one.ValueKind == JsonValueKind.String)
            ? [.. audience.EnumerateArray().Select(static one => one.GetString()!)]
            : null;
    }

    /// <summary>A number of seconds (RFC 7519 §2), a fraction cut off; a text that holds one is none.</summary>
    private static bool TryReadTime(JsonElement body, string name, out long? seconds)
    {
        seconds = null;
        if (!body.TryGetProperty(name, out var value))
            return true;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || number is not (>= 0 and < 253_402_300_800))
            return false;
        seconds = (long)number;
        return true;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <returns>Null for padding, white space, characters of the other alphabet, bits left over, and text that is not UTF-8 where it is one.</returns>
    private static byte[]? Decode(string part)
    {
        var bytes = new byte[part.Length];
        if (!Base64Url.IsValid(part) || !Base64Url.TryDecodeFromChars(part, bytes, out var written))
            return null;
        var decoded = bytes[..written];
        return Base64Url.EncodeToString(decoded) == part ? decoded : null;
    }
}
