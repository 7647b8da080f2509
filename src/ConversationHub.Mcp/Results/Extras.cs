using System.Runtime.InteropServices;
using System.Text.Json;
using ConversationHub.Mcp.Texts;

namespace ConversationHub.Mcp.Results;

/// <summary>Members a backend sends beside its answer, passed on cleaned and bounded.</summary>
internal static class Extras
{
    /// <summary>
    /// Writes the member, or the empty value of its kind when it is absent or larger than
    /// <see cref="OutputCap.MaxExtraBytes"/>. Every string in it can be read: the router refuses a reply otherwise.
    /// </summary>
    /// <returns>Whether something was left out.</returns>
    internal static bool Write(Utf8JsonWriter writer, string name, JsonElement? member, JsonValueKind kind)
    {
        writer.WritePropertyName(name);
        var tooLarge = member is { } value && JsonMarshal.GetRawUtf8Value(value).Length > OutputCap.MaxExtraBytes;
        if (member is null || tooLarge)
            WriteEmpty(writer, kind);
        else
            WriteCleaned(writer, member.Value);
        return tooLarge;
    }

    private static void WriteEmpty(Utf8JsonWriter writer, JsonValueKind kind)
    {
        if (kind == JsonValueKind.Array)
        {
            writer.WriteStartArray();
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
    }

    /// <summary>Titles and names may hold anything; in a client's window they must not hide or reverse text.</summary>
    private static void WriteCleaned(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    writer.WritePropertyName(DisplayText.Clean(member.Name));
                    WriteCleaned(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    WriteCleaned(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(DisplayText.Clean(value.GetString()!));
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
