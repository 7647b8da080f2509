using System.Diagnostics.CodeAnalysis;

namespace Maestra.Backend.Peers;

/// <summary>Base URLs of peers: https, or http to this machine. Text of conversations goes there.</summary>
internal static class PeerUrl
{
    private const int MaxCharacters = 2048;

    /// <param name="error">What would be right; null when the text is.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? url, [NotNullWhen(false)] out string? error)
    {
        url = null;
        error = "https://host, or http to 127.0.0.1, [::1] or localhost, without user, query and fragment";
        if (text.Length > MaxCharacters || !Uri.TryCreate(text, UriKind.Absolute, out var parsed)
            || parsed.UserInfo.Length > 0 || parsed.Query.Length > 0 || parsed.Fragment.Length > 0
            || !(parsed.Scheme == Uri.UriSchemeHttps || (parsed.Scheme == Uri.UriSchemeHttp && parsed.IsLoopback)))
        {
            return false;
        }

        url = parsed;
        error = null;
        return true;
    }

    /// <summary>A path of wire.md below a base URL.</summary>
    public static Uri Join(Uri baseUrl, string path) => new(baseUrl.AbsoluteUri.TrimEnd('/') + path);
}
