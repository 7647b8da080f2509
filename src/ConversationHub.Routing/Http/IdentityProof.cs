using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>
/// Judges the answer of <c>GET /identity?challenge=…</c> (wire.md §9.1): the key must have the pinned id, and the proof must be
/// that key's signature over this challenge and this connection (docs/decisions/0071). Pure.
/// </summary>
internal static class IdentityProof
{
    /// <summary>A challenge in hexadecimal digits has twice as many characters.</summary>
    public const int ChallengeBytes = 16;

    private const int KeyBits = 2048;
    private const int IdDigits = 16;
    private const string Label = "PUBLIC KEY";

    /// <param name="connection">
    /// The other end of the connection, as <see cref="ConnectionEnd"/> writes it; null where the connection itself shows whose it is, as TLS does.
    /// </param>
    /// <returns>Null when it holds, else what is wrong.</returns>
    public static string? WhatIsWrong(JsonElement identity, string pinnedId, string challenge, string? connection)
    {
        if (JsonObjectReader.Text(identity, "backend_id") is not { } id || JsonObjectReader.Text(identity, "public_key") is not { } pem)
            return "it tells no identity";
        if (id != pinnedId)
            return "it is another backend than the one named";
        if (JsonObjectReader.Text(identity, "proof") is not { } proof)
            return "it gives no proof of its identity";
        var connectionProof = JsonObjectReader.Text(identity, "connection_proof");
        if (connection is not null && connectionProof is null)
            return "its proof of identity names no connection: it is an older backend, which has to be updated";
        using var key = RSA.Create();
        if (!TryImport(key, pem) || !IsIdOf(key, pinnedId))
            return "its key does not have the id named";
        if (!Verify(key, $"maestra-identity-v1\n{id}\n{challenge}", proof))
            return "its proof of identity does not hold";
        return connection is null || Verify(key, $"maestra-identity-v2\n{id}\n{challenge}\n{connection}", connectionProof!)
            ? null
            : $"its proof of identity is of another connection than the one to {connection}: something stands between, and passes it on";
    }

    private static bool TryImport(RSA key, string pem)
    {
        try
        {
            if (!PemEncoding.TryFind(pem, out var fields) || pem[fields.Label] != Label)
                return false;
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(pem[fields.Base64Data]), out _);
            return key.KeySize == KeyBits;
        }
        catch (Exception unfit) when (unfit is CryptographicException or FormatException)
        {
            return false;
        }
    }

    /// <summary>The digits of an id are the first of the SHA-256 of the key's DER (wire.md §1.1).</summary>
    private static bool IsIdOf(RSA key, string id) =>
        id.EndsWith($"_sha256_{Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..IdDigits]}", StringComparison.Ordinal);

    private static bool Verify(RSA key, string text, string proof) =>
        Base64Url.IsValid(proof)
        && key.VerifyData(Encoding.UTF8.GetBytes(text), Base64Url.DecodeFromChars(proof), HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
}
