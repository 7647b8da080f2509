using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;

namespace Maestra.Backend.Signing;

/// <summary>The texts that signatures cover: lines joined by U+000A, none at the end (wire.md §9.1–9.3).</summary>
internal static class SigningText
{
    public static byte[] Request(string method, string target, string addressee, string signer, string timestamp, string nonce, ReadOnlySpan<byte> body) =>
        Lines("maestra-request-v1", method, target, addressee, signer, timestamp, nonce, Digest(body));

    public static byte[] Response(int status, string signer, string addressee, string timestamp, string nonce, ReadOnlySpan<byte> body) =>
        Lines("maestra-response-v1", status.ToString("D3", CultureInfo.InvariantCulture), signer, addressee, timestamp, nonce, Digest(body));

    public static byte[] Identity(string backendId, string challenge) => Lines("maestra-identity-v1", backendId, challenge);

    /// <summary>Names the connection too (an addition to wire.md §9.1).</summary>
    /// <param name="connection">The backend's own end of it, as <see cref="ConnectionEnd"/> writes it.</param>
    public static byte[] Identity(string backendId, string challenge, string connection) => Lines("maestra-identity-v2", backendId, challenge, connection);

    /// <summary>A holder of one key names the key that takes its place (an addition to wire.md §9.3).</summary>
    /// <param name="newKeyDigest">Hexadecimal SHA-256 of the new key's DER.</param>
    public static byte[] Succession(string oldId, string newId, string newKeyDigest) => Lines("maestra-succession-v1", oldId, newId, newKeyDigest);

    /// <param name="joinerKeyDigest">Hexadecimal SHA-256 of the joiner's key in DER.</param>
    public static byte[] Pairing(string inviterId, string joinerId, string sbtId, string joinerKeyDigest) =>
        Lines("maestra-pair-v1", inviterId, joinerId, sbtId, joinerKeyDigest);

    private static byte[] Lines(params ReadOnlySpan<string> lines) => Encoding.UTF8.GetBytes(string.Join('\n', lines!));

    private static string Digest(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));
}
