using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ConversationHub.Store.Reading;

/// <summary>
/// Where a page of conversations ended: the last one's time and id, and 8 hex digits of its owner, since two owners may have one id.
/// At most 204 characters, within the 256 of wire.md §1.2.
/// </summary>
internal sealed record ListCursor(long UpdatedTicks, string Id, string OwnerTag)
{
    private const int TagDigits = 8;

    public static string TagOf(string owner) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owner)).AsSpan(0, TagDigits / 2));

    public static ListCursor? TryParse(string text)
    {
        if (!Base64Url.IsValid(text))
            return null;
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split('.');
        return parts is [var ticks, { Length: > 0 } id, { Length: TagDigits } tag]
            && long.TryParse(ticks, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var updated)
            ? new ListCursor(updated, id, tag)
            : null;
    }

    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{UpdatedTicks:x}.{Id}.{OwnerTag}")));
}
