using System.Text.Json;

namespace ConversationHub.Mcp.Tests.Results;

/// <summary>Checks a value against the keywords that our own schemas use; an unknown keyword fails, so that none is skipped in silence.</summary>
internal static class SchemaCheck
{
    internal static IEnumerable<string> Problems(JsonElement schema, JsonElement value, string path = "$")
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            foreach (var problem in Check(schema, keyword, value, path))
                yield return problem;
        }
    }

    private static IEnumerable<string> Check(JsonElement schema, JsonProperty keyword, JsonElement value, string path) => keyword.Name switch
    {
        "description" => [],
        "type" => HasType(keyword.Value.GetString()!, value) ? [] : [$"{path}: {value.ValueKind} is no {keyword.Value}"],
        "enum" => keyword.Value.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)) ? [] : [$"{path}: {value} is not in the list"],
        "anyOf" => keyword.Value.EnumerateArray().Any(one => !Problems(one, value, path).Any()) ? [] : [$"{path}: no branch fits {value}"],
        "required" => keyword.Value.EnumerateArray()
            .Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{path}: {name} is missing"),
        "properties" => keyword.Value.EnumerateObject()
            .Where(property => value.TryGetProperty(property.Name, out _))
            .SelectMany(property => Problems(property.Value, value.GetProperty(property.Name), $"{path}.{property.Name}")),
        "items" => value.EnumerateArray().SelectMany((item, i) => Problems(keyword.Value, item, $"{path}[{i}]")),
        "additionalProperties" when keyword.Value.ValueKind == JsonValueKind.Object => value.EnumerateObject()
            .Where(member => !schema.TryGetProperty("properties", out var known) || !known.TryGetProperty(member.Name, out _))
            .SelectMany(member => Problems(keyword.Value, member.Value, $"{path}.{member.Name}")),
        _ => [$"{path}: unknown keyword {keyword.Name}"],
    };

    private static bool HasType(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => false,
    };
}
