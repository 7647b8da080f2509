using System.Text.Json.Nodes;

namespace ConversationHub.Testing.WireMock;

/// <summary>One entry of WireMock's journal.</summary>
/// <param name="Url">Path and query.</param>
/// <param name="Headers">Names ignore case.</param>
public sealed record WireMockRequest(string Method, string Url, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    internal static WireMockRequest Read(JsonObject request) => new(
        request["method"]!.GetValue<string>(),
        request["url"]!.GetValue<string>(),
        request["headers"]!.AsObject().ToDictionary(header => header.Key, header => header.Value!.ToString(), StringComparer.OrdinalIgnoreCase),
        request["body"]!.GetValue<string>());
}
