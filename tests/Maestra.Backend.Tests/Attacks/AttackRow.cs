using System.Text;

namespace Maestra.Backend.Tests.Attacks;

/// <summary>One hostile request and what must become of it.</summary>
/// <param name="Request">The bytes that are sent, as Latin-1.</param>
/// <param name="Expected">Status and code, such as <c>422 invalid_request</c>; the status alone where the server itself answers; several with <c>|</c> between them where each is right, <c>closed</c> for none at all.</param>
internal sealed record AttackRow(string Name, string Request, string Expected)
{
    public override string ToString() => Name;
}

/// <summary>Writes requests byte for byte, as no client would.</summary>
internal sealed class AttackWriter(string host, string key)
{
    private int _sender;

    public string Host => host;

    public AttackRow Get(string name, string path, string expected, params string[] headers) => Send(name, "GET", path, "", expected, headers);

    public AttackRow Post(string name, string path, string body, string expected, params string[] headers) =>
        Send(name, "POST", path, body, expected, headers.Any(static header => header.StartsWith("Content-Type", StringComparison.OrdinalIgnoreCase))
            ? headers : [.. headers, "Content-Type: application/json"]);

    public AttackRow Send(string name, string method, string path, string body, string expected, params string[] headers)
    {
        var text = new StringBuilder($"{method} {path} HTTP/1.1\r\n");
        if (!headers.Any(static header => header.StartsWith("Host", StringComparison.Ordinal)))
            text.Append("Host: ").Append(host).Append("\r\n");
        if (key.Length > 0 && !headers.Any(static header => header.StartsWith("X-API-Key", StringComparison.Ordinal) || header.StartsWith("Authorization", StringComparison.Ordinal)))
            text.Append("X-API-Key: ").Append(key).Append("\r\n");
        // Each row comes from an address of its own: the failed keys of one must not decide what the next is told.
        _sender++;
        text.Append("X-Forwarded-For: 203.0.").Append(_sender / 250).Append('.').Append(_sender % 250).Append("\r\n");
        foreach (var header in headers.Where(static header => header.Length > 0 && header != "X-API-Key"))
            text.Append(header).Append("\r\n");
        if (body.Length > 0 && !headers.Any(static header => header.StartsWith("Content-Length", StringComparison.Ordinal) || header.StartsWith("Transfer-Encoding", StringComparison.Ordinal)))
            text.Append("Content-Length: ").Append(body.Length).Append("\r\n");
        text.Append("Connection: close\r\n\r\n").Append(body);
        return new AttackRow(name, text.ToString(), expected);
    }
}
