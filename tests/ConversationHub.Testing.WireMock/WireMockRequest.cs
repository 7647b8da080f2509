using System.Text;
using System.Text.Json.Nodes;
using WireMock;

namespace ConversationHub.Testing.WireMock;

/// <summary>One entry of WireMock's journal.</summary>
/// <param name="Url">Path and query.</param>
/// <param name="Headers">Names ignore case.</param>
/// <param name="Body">Its bytes as UTF-8, whatever they are.</param>
public sealed record WireMockRequest(string Method, string Url, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    internal static WireMockRequest Read(IRequestMessage request) => new(
        request.Method,
        new Uri(request.Url).PathAndQuery,
        (request.Headers ?? new Dictionary<string, global::WireMock.Types.WireMockList<string>>())
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase),
        Encoding.UTF8.GetString(request.BodyAsBytes ?? []));
}
