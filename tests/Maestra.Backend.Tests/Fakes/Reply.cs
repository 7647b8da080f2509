using System.Net;
using System.Text.Json.Nodes;
using Maestra.Backend.Tests.Signing;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>A response, read whole.</summary>
internal sealed record Reply(HttpStatusCode Status, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public string? Code => (string?)Json["code"];

    public static async Task<Reply> ReadAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        response.Content.Headers.ContentType?.MediaType == TestFrame.MediaType
            ? TestFrame.Text(await response.Content.ReadAsByteArrayAsync())
            : await response.Content.ReadAsStringAsync(),
        response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(",", header.Value), StringComparer.OrdinalIgnoreCase));

    /// <summary>Type and place of each validation error, such as <c>missing body.user_id</c>.</summary>
    public string[] Errors =>
        [.. Json["detail"]!.AsArray().Select(error => $"{error!["type"]} {string.Join('.', error["loc"]!.AsArray())}")];
}
