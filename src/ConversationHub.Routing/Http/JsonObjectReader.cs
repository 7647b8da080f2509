using System.Text.Json;
using System.Text.Unicode;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>Reads a body that ought to be a JSON object and may be anything. Pure: never throws.</summary>
internal static class JsonObjectReader
{
    /// <returns>The object, every string of which can be read; null for anything else.</returns>
    public static JsonElement? TryParse(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span))
            return null;
        try
        {
            var root = JsonElement.Parse(body.Span, MaestraJson.Document);
            if (root.ValueKind != JsonValueKind.Object)
                return null;

            // An escaped half of a surrogate pair parses, but throws when it is read: refused here, once, for all readers.
            if (body.Span.IndexOf("\\u"u8) >= 0)
                ReadAllStrings(root);
            return root;
        }
        catch (Exception notJson) when (notJson is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <returns>The member's text, or null when it is missing or no string.</returns>
    public static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static void ReadAllStrings(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    _ = member.Name;
                    ReadAllStrings(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    ReadAllStrings(item);
                break;
            case JsonValueKind.String:
                element.GetString();
                break;
            default:
                // Numbers and literals always read.
                break;
        }
    }
}
