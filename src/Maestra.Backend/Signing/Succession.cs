using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Signing;

/// <summary>
/// How a peer learns that this backend's key was changed: while it still knows the old one, messages signed with that carry the new one,
/// signed with the old. It counts for nothing until the peer's owner confirms it.
/// </summary>
internal static class Succession
{
    private const int MaxCharacters = 1024;

    /// <returns>Null when the key used is the present one.</returns>
    public static string? Announce(BackendKey used, IdentityKeys keys)
    {
        if (used.Id == keys.Current.Id)
            return null;
        var next = keys.Current.Public;
        return $"{Base64Url.EncodeToString(next.Der)}.{used.Sign(SigningText.Succession(used.Id, keys.Current.Id, next.DigestHex))}";
    }

    /// <summary>Reads an announcement and checks that the holder of the old key made it.</summary>
    public static bool TryRead(string? header, string oldId, PeerKey oldKey, [NotNullWhen(true)] out PeerKey? key, [NotNullWhen(true)] out string? newId)
    {
        key = null;
        newId = null;
        if (header is null or { Length: > MaxCharacters } || header.IndexOf('.', StringComparison.Ordinal) is not (> 0 and var dot)
            || !StrictBase64.TryDecodeUrl(header[..dot], out var der) || !PeerKey.TryParseDer(der, out var next))
        {
            return false;
        }

        // A backend does not change from local to hosted by changing its key.
        var id = BackendIdentity.IdOf(next.Der, oldId.StartsWith(BackendIdentity.LocalPrefix, StringComparison.Ordinal) ? Settings.BackendMode.Local : Settings.BackendMode.Cloud);
        if (!oldKey.Verify(SigningText.Succession(oldId, id, next.DigestHex), header[(dot + 1)..]))
            return false;
        key = next;
        newId = id;
        return true;
    }
}
