using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace ConversationHub.Testing.Network;

/// <summary>An HTTP response made beforehand. <c>Content-Length</c> is added unless a header of that name or <c>Transfer-Encoding</c> is given.</summary>
public sealed record CannedResponse(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    public static CannedResponse Json(int status, JsonNode body, params (string Name, string Value)[] headers) =>
        Text(status, body.ToJsonString(), "application/json", headers);

    public static CannedResponse Text(int status, string body, string mediaType = "text/plain", params (string Name, string Value)[] headers) =>
        new(status, Encoding.UTF8.GetBytes(body), [("Content-Type", mediaType), .. headers]);

    /// <summary>A problem as of wire.md §7.</summary>
    public static CannedResponse Problem(int status, string code, string detail, params (string Name, string Value)[] headers) =>
        Json(status, new JsonObject { ["detail"] = detail, ["code"] = code, ["request_id"] = "7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11" }, headers);

    internal byte[] Head()
    {
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} Canned\r\n");
        foreach (var (name, value) in Headers)
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        var framed = Headers.Any(header => header.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
            || header.Name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase));
        if (!framed)
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {Body.Length}\r\n");
        return Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }
}
