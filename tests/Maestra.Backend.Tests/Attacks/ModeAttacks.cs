using ConversationHub.Contracts;
using Maestra.Backend.Keys;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Tokens;

namespace Maestra.Backend.Tests.Attacks;

/// <summary>Pages that try to reach the backend on a developer's machine.</summary>
internal static class LocalAttacks
{
    public static IEnumerable<AttackRow> Rows(AttackWriter to) =>
    [
        .. new[]
        {
            "evil.example", "evil.example:8825", "127.0.0.1.evil.example", "localhost.evil.example", "evil.localhost", "10.0.0.1", "0.0.0.0", "127.0.0.2", "[::2]", "[::ffff:127.0.0.1]",
            "2130706433", "0x7f.1", "127.1", "localhost.", "maestra.local", "host.docker.internal", "169.254.169.254", "metadata.google.internal",
        }.Select(host => to.Get($"host {host}", "/health", "403 host_refused", $"Host: {host}")),
        .. new[] { "local host", "localhost@evil.example", "localhost/../evil", "[::]", "" }.Select(host => to.Get($"host of no form '{host}'", "/health", "400|403 host_refused", $"Host: {host}")),
        .. new[]
        {
            "https://evil.example", "http://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:8825", "http://localhost", "http://localhost:3000", "https://listed.example.evil",
            "https://listed.example:444", "http://listed.example", "https://LISTED.example", "https://listed.example/", "https://listed.example, https://evil.example", "file://", "chrome-extension://evil", "*", "",
        }.SelectMany(origin => new[]
        {
            to.Get($"origin {origin}", "/conversations", "403 origin_refused", $"Origin: {origin}"),
            to.Post($"ask of origin {origin}", Routes.Core, "{}", "403 origin_refused", $"Origin: {origin}"),
            to.Send($"preflight of origin {origin}", "OPTIONS", Routes.Core, "", "403 origin_refused", $"Origin: {origin}", "Access-Control-Request-Method: POST"),
        }),
        .. new[] { "cross-site", "same-site", "CROSS-SITE", "none, cross-site" }.Select(site => to.Get($"site {site}", "/conversations", "403 origin_refused", $"Sec-Fetch-Site: {site}")),
        to.Get("two origins", "/conversations", "403 origin_refused", "Origin: https://listed.example", "Origin: https://evil.example"),
    ];
}

/// <summary>Strangers and neighbours at a cloud backend.</summary>
internal static class CloudAttacks
{
    private const string Refused = "401 invalid_api_key";

    public static IEnumerable<AttackRow> Rows(AttackWriter to) => [.. Keys(to), .. Tokens(to), .. Neighbours(to)];

    private static IEnumerable<AttackRow> Keys(AttackWriter to)
    {
        var right = TestBackend.AdaKey;
        foreach (var (name, header) in new[]
        {
            ("none", "X-API-Key"), ("empty", "X-API-Key:"), ("wrong", "X-API-Key: wrong-key-of-some-length"), ("shorter", $"X-API-Key: {right[..^1]}"), ("longer", $"X-API-Key: {right}0"),
            ("other case", $"X-API-Key: {right.ToUpperInvariant()}"), ("its digest", $"X-API-Key: {Convert.ToHexStringLower(KeyRing.Digest(right))}"), ("of all users", "X-API-Key: *"),
            ("with its user", $"X-API-Key: ada:{right}"), ("two in one", $"X-API-Key: {right}, wrong"), ("huge", "X-API-Key: " + new string('k', 20_000)), ("basic", $"Authorization: Basic {right}"),
            ("no scheme", $"Authorization: {right}"), ("bearer of nothing", "Authorization: Bearer"), ("bearer wrong", "Authorization: Bearer wrong-key-of-some-length"), ("digest scheme", $"Authorization: Digest {right}"),
            ("in a cookie", $"Cookie: X-API-Key={right}"), ("other name", $"X_API_Key: {right}"), ("in proxy's place", $"Proxy-Authorization: Bearer {right}"), ("SQL", "X-API-Key: ' OR '1'='1"), ("NUL escaped", "X-API-Key: %00"),
        })
        {
            string[] headers = header.StartsWith("X-API-Key", StringComparison.Ordinal) || header.StartsWith("Authorization", StringComparison.Ordinal) ? [header] : ["X-API-Key", header];
            yield return to.Get($"key {name}", "/conversations", Refused, headers);
            yield return to.Post($"ask with key {name}", Routes.Core, "not even JSON", Refused, headers);
        }

        yield return to.Get("two keys", "/conversations", Refused, $"X-API-Key: {right}", "X-API-Key: wrong-key-of-some-length");
        foreach (var query in new[] { $"api_key={right}", $"X-API-Key={right}", $"key={right}", $"access_token={right}", $"token={right}" })
            yield return to.Get($"key in the query {query.Split('=')[0]}", $"/conversations?{query}", Refused, "X-API-Key");
        foreach (var path in new[] { "/HEALTH/x", "/health/", "/health%2f", "//health", "/health;x", "/./conversations", "/health/../conversations", "/healthz", "/sync/x", "/register-peer/x", "/metrics", "/no-such-path", "/" })
            yield return to.Get($"no key at {path}", path, Refused, "X-API-Key");
    }

    private static IEnumerable<AttackRow> Tokens(AttackWriter to) =>
        TokenReaderTests.Forged.Select(row => ((string)row[0], (string)row[1])).Where(static row => row.Item2.Length is > 0 and < 8_000 && row.Item2[0] != ' ')
            .Select(row => to.Get($"token {row.Item1}", "/conversations", Refused, $"Authorization: Bearer {row.Item2}"));

    private static IEnumerable<AttackRow> Neighbours(AttackWriter to) =>
    [
        to.Get("bob's conversation", "/conversations/bobs", "404 conversation_not_found"),
        to.Get("bob's conversation, exported", "/conversations/bobs/export", "404 conversation_not_found"),
        to.Send("bob's conversation, erased", "DELETE", "/conversations/bobs", "", "404 conversation_not_found"),
        to.Send("bob's conversation, changed", "PATCH", "/conversations/bobs", """{"title":"mine"}""", "404 conversation_not_found", "Content-Type: application/json"),
        to.Get("bob named", "/conversations?user_id=bob", "403 user_mismatch"),
        to.Get("bob named for his conversation", "/conversations/bobs?user_id=bob", "403 user_mismatch"),
        to.Get("all users named", "/conversations?user_id=*", "403 user_mismatch"),
        to.Post("asked as bob", Routes.Core, """{"user_id":"bob","surface_id":"s","message":"m"}""", "403 user_mismatch"),
        to.Post("asked as bob, the other way", Routes.Advisor, """{"user_id":"bob","message":"m"}""", "403 user_mismatch"),
        to.Post("asked as everybody", Routes.Core, """{"user_id":"*","surface_id":"s","message":"m"}""", "403 user_mismatch"),
        to.Post("asked as Ada", Routes.Core, """{"user_id":"Ada","surface_id":"s","message":"m"}""", "403 user_mismatch"),
        to.Get("bob exported", "/users/bob/export", "403 user_mismatch"),
        to.Send("bob erased", "DELETE", "/users/bob", "", "403 user_mismatch"),
        to.Get("bob named by header", "/conversations/bobs", "404 conversation_not_found", "X-User-Id: bob", "X-Forwarded-User: bob"),
    ];
}
