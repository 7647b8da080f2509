using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;
using Microsoft.IdentityModel.Tokens;

namespace Maestra.Backend.Tokens;

/// <summary>Reads the public keys of an issuer (RFC 7517): those of RSA that may sign with RS256. Others are left out.</summary>
internal static class JwksFile
{
    private const int MinKeyBits = 2048;
    private const int MaxKeys = 32;

    public static IReadOnlyList<SecurityKey> Read(SettingReader reader, SettingValue path)
    {
        if (reader.FileText(path) is not { } text)
            return [];
        var errorsBefore = reader.Errors.Count;
        var keys = new List<SecurityKey>();
        try
        {
            using var document = JsonDocument.Parse(text, MaestraJson.Document);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("keys", out var list) && list.ValueKind == JsonValueKind.Array)
            {
                foreach (var key in list.EnumerateArray().Take(MaxKeys).Where(IsForRs256))
                    Add(reader, path, key, keys);
            }
        }
        catch (JsonException)
        {
            // Told below: it holds no key.
        }

        if (keys.Count == 0 && reader.Errors.Count == errorsBefore)
            reader.Refuse(path, "a JSON Web Key Set: {\"keys\":[…]} with at least one RSA key for RS256");
        return keys;
    }

    private static bool IsForRs256(JsonElement key) =>
        key.ValueKind == JsonValueKind.Object && Text(key, "kty") == "RSA"
        && Text(key, "use") is null or "sig" && Text(key, "alg") is null or SecurityAlgorithms.RsaSha256;

    private static void Add(SettingReader reader, SettingValue path, JsonElement key, List<SecurityKey> keys)
    {
        try
        {
            var parameters = new RSAParameters
            {
                Modulus = Base64Url.DecodeFromChars(Text(key, "n")),
                Exponent = Base64Url.DecodeFromChars(Text(key, "e")),
            };
            using var check = RSA.Create(parameters);
            if (check.KeySize < MinKeyBits)
                reader.Refuse(path, $"RSA keys of at least {MinKeyBits} bits; '{Text(key, "kid")}' has {check.KeySize}");
            else
                keys.Add(new RsaSecurityKey(parameters) { KeyId = Text(key, "kid") });
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            reader.Refuse(path, $"RSA keys with n and e in base64url; '{Text(key, "kid")}' has none");
        }
    }

    private static string? Text(JsonElement key, string name) =>
        key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
