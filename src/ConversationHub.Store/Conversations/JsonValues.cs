using System.Globalization;
using System.Text.Json;
using ConversationHub.Contracts;

namespace ConversationHub.Store.Conversations;

/// <summary>JSON values that others wrote, read without an exception whatever they hold. Pure.</summary>
internal static class JsonValues
{
    /// <summary>A number as any store can hold it: that many characters as it was sent.</summary>
    private const int MaxNumberCharacters = 64;

    /// <summary>True when both kinds of store can hold it: no U+0000 and no half of a surrogate pair in any text, no number beyond a double.</summary>
    public static bool IsStorable(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined => false,
        JsonValueKind.String => Text(value) is { } text && FreeText.IsStorable(text),
        JsonValueKind.Number => IsStorable(value.GetRawText()),
        JsonValueKind.Array => value.EnumerateArray().All(IsStorable),
        JsonValueKind.Object => value.EnumerateObject().All(static one => Name(one) is { } name && FreeText.IsStorable(name) && IsStorable(one.Value)),
        _ => true,
    };

    /// <summary>Null when it is no text, or one with half a surrogate pair.</summary>
    public static string? Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // What the reader says of half a surrogate pair and of bytes that are no UTF-8.
            return null;
        }
    }

    private static string? Name(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsStorable(string number) =>
        number.Length <= MaxNumberCharacters && double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var read) && double.IsFinite(read)
        && (read != 0 || number.AsSpan().IndexOfAnyInRange('1', '9') < 0 || number.AsSpan().IndexOfAny('e', 'E') < 0);
}
