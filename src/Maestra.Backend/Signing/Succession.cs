using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Signing;

/// <summary>
/// How a peer learns that this backend's key was changed: while it still knows the old one, messages signed with that carry the new one,
/// signed with the old and with the new, so that nobody announces a key of somebody else. It counts for nothing until the peer's owner confirms it.
/// </summary>
internal static class Succession
{
    private const int MaxCharacters = 2048;

    /// <returns>Null when the key used is the present one.</returns>
    public static string? Announce(BackendKey used, IdentityKeys keys)
    {
        if (used.Id == keys.Current.Id)
            return null;
        var next = keys.Current.Public;
        var text = SigningText.Succession(used.Id, keys.Current.Id, next.DigestHex);
        return $"{Base64Url.EncodeToString(next.Der)}.{used.Sign(text)}.{keys.Current.Sign(text)}";
    }

    /// <summary>Reads an announcement and checks that the holder of both keys made it.</summary>
    public static bool TryRead(string? header, string oldId, PeerKey oldKey, [NotNullWhen(true)] out PeerKey? key, [NotNullWhen(true)] out string? newId)
    {
        key = null;
        newId = null;
        if (header is null or { Length: > MaxCharacters } || header.Split('.') is not [var encoded, var byOld, var byNew]
            || !StrictBase64.TryDecodeUrl(encoded, out var der) || !PeerKey.TryParseDer(der, out var next))
        {
            return false;
        }

        // A backend does not change from local to hosted by changing its key.
        var id = BackendIdentity.IdOf(next.Der, oldId.StartsWith(BackendIdentity.LocalPrefix, StringComparison.Ordinal) ? Settings.BackendMode.Local : Settings.BackendMode.Cloud);
        var text = SigningText.Succession(oldId, id, next.DigestHex);
        if (!oldKey.Verify(text, byOld) || !next.Verify(text, byNew))
            return false;
        key = next;
        newId = id;
        return true;
    }
}
