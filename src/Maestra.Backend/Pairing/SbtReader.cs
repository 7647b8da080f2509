using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Pairing;

/// <summary>What reading a token gave.</summary>
internal abstract record SbtReading
{
    private SbtReading()
    {
    }

    public sealed record Read(Sbt Token) : SbtReading;

    /// <summary>The earlier form with a shared secret, which anybody can compute: refused, whatever the secret.</summary>
    public sealed record Legacy : SbtReading;

    /// <summary>No token of the one kind.</summary>
    /// <param name="Reason">Without what was sent.</param>
    public sealed record Malformed(string Reason) : SbtReading;
}

/// <summary>Reads both forms of a token and nothing else: the algorithm is never the sender's choice.</summary>
internal static class SbtReader
{
    private const int MaxCompactCharacters = 8192;
    private const int MaxFieldCharacters = 256;

    /// <summary>Standard base64 of the 32 bytes of an HMAC-SHA256.</summary>
    private const int LegacySignatureCharacters = 44;

    private static readonly string[] Fields =
        ["sbt_id", "user_id", "session_id", "local_backend_id", "hosted_backend_id", "created_at", "expires_at"];

    public static SbtReading Read(JsonElement sbt) => sbt.ValueKind switch
    {
        JsonValueKind.String => String(sbt) is { } token ? ReadCompact(token) : new SbtReading.Malformed("SBT holds half of a surrogate pair"),
        JsonValueKind.Object => ReadObject(sbt),
        _ => new SbtReading.Malformed("SBT must be a compact string or an object of eight strings"),
    };

    private static SbtReading ReadObject(JsonElement sbt)
    {
        if (Text(sbt, "signature") is not { } signature)
            return new SbtReading.Malformed("SBT lacks its signature");
        if (signature.Length == LegacySignatureCharacters && StrictBase64.TryDecode(signature, out _))
            return new SbtReading.Legacy();
        return Claims(sbt) is { } claims
            ? new SbtReading.Read(new Sbt(claims, claims.Issuer, SbtWriter.SigningInput(SbtWriter.Header(claims.Issuer), claims.Payload()), signature))
            : Incomplete();
    }

    private static SbtReading ReadCompact(string token)
    {
        if (token.Length > MaxCompactCharacters || token.Split('.') is not [var header, var payload, var signature])
            return new SbtReading.Malformed("SBT is not three parts with dots between");
        using var head = Parse(header);
        if (head is null)
            return new SbtReading.Malformed("The header of the SBT is no JSON object");
        var algorithm = Text(head.RootElement, "alg");
        if (algorithm is not null && algorithm.StartsWith("HS", StringComparison.OrdinalIgnoreCase))
            return new SbtReading.Legacy();
        if (algorithm != SbtWriter.Algorithm || Text(head.RootElement, "typ") != SbtWriter.Type || Text(head.RootElement, "kid") is not { } keyId)
            return new SbtReading.Malformed($"The header of the SBT must say alg {SbtWriter.Algorithm}, typ {SbtWriter.Type} and kid");
        using var body = Parse(payload);
        if (body is null || Claims(body.RootElement) is not { } claims)
            return Incomplete();

        // What was signed is what was sent; that it is canonical follows from comparing, so that one token has one spelling.
        var input = Encoding.ASCII.GetBytes($"{header}.{payload}");
        return input.AsSpan().SequenceEqual(SbtWriter.SigningInput(SbtWriter.Header(keyId), claims.Payload()))
            ? new SbtReading.Read(new Sbt(claims, keyId, input, signature))
            : new SbtReading.Malformed("SBT is not canonical JSON of exactly its fields");
    }

    private static SbtReading.Malformed Incomplete() => new("SBT lacks one of its eight strings");

    private static SbtClaims? Claims(JsonElement body)
    {
        var texts = Fields.Select(name => Text(body, name)).ToArray();
        return texts.All(static text => text is not null)
            ? new SbtClaims(texts[0]!, texts[1]!, texts[2]!, texts[3]!, texts[4]!, texts[5]!, texts[6]!)
            : null;
    }

    private static string? Text(JsonElement body, string name)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
            return null;
        return String(value) is { Length: > 0 } text && (text.Length <= MaxFieldCharacters || name == "signature") && FreeText.IsStorable(text) ? text : null;
    }

    /// <returns>Null for a text with half of a surrogate pair, which no string of ours holds.</returns>
    private static string? String(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonDocument? Parse(string part)
    {
        if (!StrictBase64.TryDecodeUrl(part, out var bytes))
            return null;
        try
        {
            var document = JsonDocument.Parse(bytes, MaestraJson.Document);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
        }
        catch (JsonException)
        {
            // Told as malformed.
        }

        return null;
    }
}
