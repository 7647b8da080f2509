using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace ConversationHub.McpHttp;

/// <summary>
/// Who may speak to a server on loopback. A web page of anywhere can send requests to it, by DNS rebinding even with
/// readable answers, so Host and Origin must name this machine (MCP transports, "Security Warning"). Pure.
/// </summary>
internal static class CallerCheck
{
    private const string Scheme = "Bearer ";

    /// <param name="host">The header <c>Host</c>: a name or address, with or without a port.</param>
    internal static bool IsThisMachine(string? host)
    {
        if (string.IsNullOrEmpty(host) || !Uri.TryCreate($"http://{host}/", UriKind.Absolute, out var url))
            return false;

        // A host with a path or a user name in it is no host.
        return url.UserInfo.Length == 0 && url.AbsolutePath == "/" && url.Query.Length == 0 && IsLoopback(url.Host);
    }

    /// <param name="origin">The header <c>Origin</c>; absent or empty: not a browser.</param>
    internal static bool MayAsk(string? origin)
    {
        if (string.IsNullOrEmpty(origin))
            return true;
        return Uri.TryCreate(origin, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && IsLoopback(url.Host);
    }

    /// <summary>Compares in a time that does not depend on where the two differ.</summary>
    /// <param name="authorization">The header <c>Authorization</c>.</param>
    /// <param name="token">What is asked for; null: nothing.</param>
    internal static bool HasToken(string? authorization, string? token)
    {
        if (token is null)
            return true;
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return false;
        Span<byte> sent = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> known = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim()), sent);
        SHA256.HashData(Encoding.UTF8.GetBytes(token), known);
        return CryptographicOperations.FixedTimeEquals(sent, known);
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address) && address is { } known
            && (known.Equals(IPAddress.Loopback) || known.Equals(IPAddress.IPv6Loopback)));
}
