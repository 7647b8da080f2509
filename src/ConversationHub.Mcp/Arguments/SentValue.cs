using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using ConversationHub.Contracts;

namespace ConversationHub.Mcp.Arguments;

/// <summary>Reads one value as a model may have written it: what is harmless is converted, the rest is not guessed at.</summary>
internal static class SentValue
{
    /// <summary>A string; numbers and booleans as they stand in the JSON.</summary>
    internal static bool TryText(JsonElement value, [NotNullWhen(true)] out string? text)
    {
        text = value.ValueKind switch
        {
            JsonValueKind.String => StringOf(value),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            _ => null,
        };
        return text is not null;
    }

    /// <summary>A boolean, or one of the words and numbers that settings accept for it.</summary>
    internal static bool TryFlag(JsonElement value, out bool flag)
    {
        flag = false;
        return TryText(value, out var text) && TryFlag(text, out flag);
    }

    internal static bool TryFlag(string text, out bool flag)
    {
        var word = text.Trim().ToLowerInvariant();
        flag = word is "true" or "1" or "yes";
        return flag || word is "false" or "0" or "no";
    }

    /// <summary>An object, or a string that holds one, as some clients send it.</summary>
    internal static bool TryObject(JsonElement value, out JsonElement members) =>
        TryNested(value, JsonValueKind.Object, out members);

    /// <summary>An array of strings, a string that holds one, or one string alone.</summary>
    internal static bool TryTexts(JsonElement value, [NotNullWhen(true)] out List<string>? texts)
    {
        texts = [];
        if (!TryNested(value, JsonValueKind.Array, out var items))
        {
            if (value.ValueKind != JsonValueKind.String || StringOf(value) is not { } single)
                return false;
            texts.Add(single);
            return true;
        }

        foreach (var item in items.EnumerateArray())
        {
            if (!TryText(item, out var text))
                return false;
            texts.Add(text);
        }

        return true;
    }

    /// <summary>Type and length, never the text: an error goes into logs and transcripts.</summary>
    internal static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => StringOf(value) is { } text
            ? Invariant($"a string of {FreeText.CountCodePoints(text)} characters")
            : "a string with half a surrogate pair",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Array => Invariant($"an array of {value.GetArrayLength()} items"),
        JsonValueKind.Object => Invariant($"an object with {value.GetPropertyCount()} members"),
        _ => "nothing",
    };

    private static bool TryNested(JsonElement value, JsonValueKind kind, out JsonElement nested)
    {
        nested = value;
        if (value.ValueKind == kind)
            return true;
        if (value.ValueKind != JsonValueKind.String || StringOf(value) is not { } text)
            return false;
        try
        {
            using var document = JsonDocument.Parse(text, MaestraJson.Document);
            nested = document.RootElement.Clone();
            return nested.ValueKind == kind;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? StringOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair is valid JSON and no text.
            return null;
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
