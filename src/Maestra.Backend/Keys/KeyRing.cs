using System.Security.Cryptography;
using System.Text;

namespace Maestra.Backend.Keys;

/// <summary>Whose a key is.</summary>
/// <param name="Digest">SHA-256 of the key; the key itself is not kept.</param>
internal sealed record KeyEntry(KeyOwner Owner, byte[] Digest)
{
    private const int PartitionHexDigits = 16;

    /// <summary>Under what its requests are counted: the same on every replica, and no way back to the key.</summary>
    public string Partition { get; } = "key:" + Convert.ToHexStringLower(Digest)[..PartitionHexDigits];
}

/// <summary>The keys that open a cloud backend (wire.md §8). Immutable.</summary>
internal sealed class KeyRing(IReadOnlyList<KeyEntry> entries)
{
    public const int MinKeyCharacters = 16;

    public static readonly KeyRing Empty = new([]);

    public int Count => entries.Count;

    public static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>The same keys and further ones.</summary>
    public KeyRing With(IEnumerable<KeyEntry> further) => new([.. entries, .. further]);

    /// <summary>Finds a key, in the same time whether it is there or not: every entry is compared, and each in constant time.</summary>
    /// <returns>Null for a key that is on no entry, the missing one included.</returns>
    public KeyEntry? Find(string? key)
    {
        var digest = Digest(key ?? "");
        var found = 0;
        for (var index = 0; index < entries.Count; index++)
        {
            // No branch on the result: a processor that guessed wrong would take longer over a right key.
            var match = Convert.ToInt32(CryptographicOperations.FixedTimeEquals(entries[index].Digest, digest));
            found = ((index + 1) & -match) | (found & (match - 1));
        }

        return found == 0 ? null : entries[found - 1];
    }

    /// <returns>The owner of the entry that <see cref="Find"/> gives.</returns>
    public KeyOwner? FindOwner(string? key) => Find(key)?.Owner;
}
