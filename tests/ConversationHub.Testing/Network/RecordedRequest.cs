using System.Text;
using System.Text.Json.Nodes;

namespace ConversationHub.Testing.Network;

/// <summary>One HTTP request as it came over the wire.</summary>
/// <param name="Connection">Number of the connection it came on, from 1.</param>
/// <param name="Method">As sent, such as <c>POST</c>.</param>
/// <param name="Target">Path and query as sent.</param>
/// <param name="Headers">In the order sent; look-ups by <see cref="Header"/> ignore case.</param>
/// <param name="Body">Decoded from chunks where there were any.</param>
public sealed record RecordedRequest(
    int Connection,
    string Method,
    string Target,
    IReadOnlyList<KeyValuePair<string, string>> Headers,
    byte[] Body)
{
    public string Path => Target.Split('?', 2)[0];

    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The body as a JSON object; throws when it is none, which is a failure of the sender under test.</summary>
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    /// <summary><c>Idempotency-Key</c>.</summary>
    public string? OperationId => Header("Idempotency-Key");

    /// <summary><c>X-Deadline-Ms</c>.</summary>
    public string? DeadlineMs => Header("X-Deadline-Ms");

    /// <summary><c>X-API-Key</c>.</summary>
    public string? ApiKey => Header("X-API-Key");

    public override string ToString() => $"{Method} {Target} {Text}";

    /// <summary>The value of the only header of that name, or null.</summary>
    /// <exception cref="InvalidOperationException">The header was sent twice.</exception>
    public string? Header(string name) =>
        Headers.SingleOrDefault(header => string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
}
