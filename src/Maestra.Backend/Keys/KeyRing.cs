using System.Security.Cryptography;
using System.Text;

namespace Maestra.Backend.Keys;

/// <summary>Whose a key is.</summary>
/// <param name="Digest">SHA-256 of the key; the key itself is not kept.</param>
internal sealed record KeyEntry(KeyOwner Owner, byte[] Digest);

/// <summary>The keys that open a cloud backend (wire.md §8).</summary>
internal sealed class KeyRing(IReadOnlyList<KeyEntry> entries)
{
    public const int MinKeyCharacters = 16;

    public static readonly KeyRing Empty = new([]);

    public int Count => entries.Count;

    public static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>Finds the owner of a key, in the same time whether there is one or not: every entry is compared, and each in constant time.</summary>
    /// <returns>Null for a key that is on no entry, the missing one included.</returns>
    public KeyOwner? FindOwner(string? key)
    {
        var digest = Digest(key ?? "");
        KeyOwner? owner = null;
        foreach (var entry in entries)
        {
            if (CryptographicOperations.FixedTimeEquals(entry.Digest, digest))
                owner = entry.Owner;
        }

        return owner;
    }
}
