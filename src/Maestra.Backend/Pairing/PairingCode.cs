using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;
using Maestra.Backend.Identity;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Pairing;

/// <summary>A one-time code: <c>{inviter's id}.{32 characters a–z2–7}</c>, 160 random bits (wire.md §9.2).</summary>
internal sealed record PairingCode(string InviterId, string Secret)
{
    public const int SecretCharacters = 32;
    public const int MaxOpen = 16;
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(600);

    private const int RandomBytes = 20;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int BitsPerCharacter = 5;
    private static readonly System.Buffers.SearchValues<char> SecretAlphabet = System.Buffers.SearchValues.Create(Alphabet);

    public static PairingCode New(string inviterId, IdSource ids)
    {
        var bytes = Convert.FromHexString(ids.NewHex(RandomBytes));
        var secret = new StringBuilder(SecretCharacters);
        var (buffer, bits) = (0, 0);
        foreach (var one in bytes)
        {
            buffer = (buffer << 8) | one;
            bits += 8;
            while (bits >= BitsPerCharacter)
            {
                bits -= BitsPerCharacter;
                secret.Append(Alphabet[(buffer >> bits) & (Alphabet.Length - 1)]);
            }

            buffer &= (1 << bits) - 1;
        }

        return new PairingCode(inviterId, secret.ToString());
    }

    public static bool TryParse(string? text, [NotNullWhen(true)] out PairingCode? code)
    {
        code = null;
        if (text?.Split('.') is not [var id, { Length: SecretCharacters } secret] || !BackendIdentity.IsId(id)
            || secret.AsSpan().IndexOfAnyExcept(SecretAlphabet) >= 0)
        {
            return false;
        }

        code = new PairingCode(id, secret);
        return true;
    }

    public override string ToString() => $"{InviterId}.{Secret}";

    /// <summary>Shows that the joiner has the code, without sending it, and ties it to the joiner's key and token.</summary>
    /// <returns>Base64url without padding.</returns>
    public static string Proof(string secret, string inviterId, string joinerId, string sbtId, PeerKey joinerKey) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(
            Encoding.ASCII.GetBytes(secret), SigningText.Pairing(inviterId, joinerId, sbtId, joinerKey.DigestHex)));
}
