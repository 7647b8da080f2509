using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Maestra.Backend.Identity;

/// <summary>Base64 forms in which one value has one spelling: what is signed must not be writable in two ways.</summary>
internal static class StrictBase64
{
    /// <summary>Base64url without padding (RFC 4648 §5).</summary>
    public static bool TryDecodeUrl(string? text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (string.IsNullOrEmpty(text) || text.AsSpan().IndexOfAnyExcept(UrlAlphabet) >= 0 || !Base64Url.IsValid(text))
            return false;
        var decoded = Base64Url.DecodeFromChars(text);
        if (Base64Url.EncodeToString(decoded) != text)
            return false;
        bytes = decoded;
        return true;
    }

    /// <summary>Base64 with padding (RFC 4648 §4).</summary>
    public static bool TryDecode(string? text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (string.IsNullOrEmpty(text))
            return false;
        var buffer = new byte[(text.Length / 4 * 3) + 3];
        if (!Convert.TryFromBase64String(text, buffer, out var written) || Convert.ToBase64String(buffer, 0, written) != text)
            return false;
        bytes = buffer[..written];
        return true;
    }

    private static readonly System.Buffers.SearchValues<char> UrlAlphabet =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
