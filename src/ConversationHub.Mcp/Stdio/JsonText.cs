using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Stdio;

/// <summary>Reads ids and tokens out of messages whose text is not yet trusted.</summary>
internal static class JsonText
{
    internal static RequestId? RequestId(JsonNode? node) => node switch
    {
        JsonValue value when value.TryGetValue(out long number) => new RequestId(number),
        JsonValue value when TryGetText(value, out var text) => new RequestId(text),
        _ => null,
    };

    internal static ProgressToken? ProgressToken(JsonNode? node) => node switch
    {
        JsonValue value when value.TryGetValue(out long number) => new ProgressToken(number),
        JsonValue value when TryGetText(value, out var text) => new ProgressToken(text),
        _ => null,
    };

    /// <summary>A string, or null for anything else.</summary>
    internal static string? Text(JsonNode? node) => node is JsonValue value && TryGetText(value, out var text) ? text : null;

    private static bool TryGetText(JsonValue value, [NotNullWhen(true)] out string? text)
    {
        try
        {
            return value.TryGetValue(out text);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: valid JSON, but no text, so it equals no id.
            text = null;
            return false;
        }
    }
}
