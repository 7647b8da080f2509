using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;

namespace Maestra.Backend.Identity;

/// <summary>Stands in for user ids in logs: <c>u_</c> and 16 hexadecimal digits that only the holder of the backend's key can compute (wire.md §11).</summary>
internal sealed class Pseudonyms
{
    private const int HexDigits = 16;

    /// <summary>Those made last are remembered, one for each place: every request asks several times for the same few.</summary>
    private const int Remembered = 256;

    private readonly byte[] _key;
    private readonly Known?[] _known = new Known?[Remembered];

    private Pseudonyms(byte[] key) => _key = key;

    /// <param name="privateKey">PKCS#8 DER of the backend's key.</param>
    public static Pseudonyms FromPrivateKey(byte[] privateKey) =>
        new(HMACSHA256.HashData(privateKey, "maestra-pseudonym-v1"u8));

    /// <param name="text">As <see cref="Export"/> gave it.</param>
    /// <returns>Null when it is no such text.</returns>
    public static Pseudonyms? TryImport(string text) =>
        text.Length == 2 * HMACSHA256.HashSizeInBytes && HexText.Is(text) ? new Pseudonyms(Convert.FromHexString(text)) : null;

    /// <summary>The secret behind the pseudonyms, as 64 hexadecimal digits: so that lines under a key's pseudonyms can still be found when the key itself is gone.</summary>
    public string Export() => Convert.ToHexStringLower(_key);

    public string Of(UserId user)
    {
        // Each entry is immutable: whichever of two threads writes last, a reader finds a true one.
        ref var place = ref _known[user.GetHashCode() & (Remembered - 1)];
        if (Volatile.Read(ref place) is { } known && known.User == user)
            return known.Pseudonym;
        var made = new Known(user, Make(user));
        Volatile.Write(ref place, made);
        return made.Pseudonym;
    }

    private string Make(UserId user)
    {
        var digest = Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(user.ToString())));
        return string.Concat("u_", digest.AsSpan(0, HexDigits));
    }

    private sealed record Known(UserId User, string Pseudonym);
}
