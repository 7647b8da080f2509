using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Http;

namespace Maestra.Backend.Asks;

/// <summary>Reads the fields of one JSON object and collects every mistake, never echoing what was sent (wire.md §7).</summary>
internal sealed class FieldReader
{
    private readonly JsonElement _object;
    private readonly string[] _location;
    private readonly List<ValidationError> _errors;

    public FieldReader(JsonElement body)
        : this(body, [ErrorLocation.Body], [])
    {
    }

    private FieldReader(JsonElement members, string[] location, List<ValidationError> errors)
    {
        _object = members;
        _location = location;
        _errors = errors;
    }

    public IReadOnlyList<ValidationError> Errors => _errors;

    /// <summary>True when at least one of the fields of <paramref name="names"/> is there, and no other.</summary>
    public bool HasOnly(params IReadOnlyList<string> names)
    {
        var members = _object.EnumerateObject().ToArray();
        return members.Length > 0 && members.All(member => names.Any(name => member.NameEquals(name)));
    }

    /// <summary>A field that must be there.</summary>
    /// <returns>Null, with an error, when it is missing or no storable string.</returns>
    public string? Required(string name)
    {
        if (!_object.TryGetProperty(name, out _))
            Add(ValidationErrorType.Missing, "Field required", name);
        else if (Find(name) is null)
            Add(ValidationErrorType.StringType, "Input should be a valid string", name);
        else
            return Optional(name);
        return null;
    }

    /// <summary>A field that may be missing or null.</summary>
    /// <returns>Null when it is, and, with an error, when it is no storable string.</returns>
    public string? Optional(string name) => Find(name) is { } value ? Text(value, name) : null;

    /// <summary>As <see cref="Optional(string)"/>, with a limit in characters.</summary>
    public string? OptionalCharacters(string name, int maxCharacters)
    {
        var text = Optional(name);
        if (text is null || FreeText.CountCodePoints(text) <= maxCharacters)
            return text;
        Add(ValidationErrorType.StringTooLong, $"String should have at most {maxCharacters} characters", name);
        return null;
    }

    /// <summary>As <see cref="Optional(string)"/>, with a limit in bytes of UTF-8.</summary>
    public string? OptionalBytes(string name, int maxBytes)
    {
        var text = Optional(name);
        if (text is null || Encoding.UTF8.GetByteCount(text) <= maxBytes)
            return text;
        Add(ValidationErrorType.StringTooLong, $"String should have at most {maxBytes} bytes of UTF-8", name);
        return null;
    }

    /// <summary>The fields of an object within; null when it is missing, null or, with an error, no object.</summary>
    public FieldReader? OptionalObject(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return new FieldReader(value, [.. _location, name], _errors);
        Add(ValidationErrorType.ObjectType, "Input should be an object", name);
        return null;
    }

    /// <summary>A list of strings; empty when missing or null.</summary>
    public IReadOnlyList<string> Strings(string name, int maxItems, int maxCharacters)
    {
        if (Find(name) is not { } list)
            return [];
        if (list.ValueKind != JsonValueKind.Array)
        {
            Add(ValidationErrorType.ListType, "Input should be a list of strings", name);
            return [];
        }

        if (list.GetArrayLength() > maxItems)
        {
            Add(ValidationErrorType.ValueError, $"List should have at most {maxItems} items", name);
            return [];
        }

        var items = new List<string>();
        foreach (var item in list.EnumerateArray())
        {
            var position = items.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var text = Text(item, name, position) ?? "";
            if (FreeText.CountCodePoints(text) > maxCharacters)
                Add(ValidationErrorType.StringTooLong, $"String should have at most {maxCharacters} characters", name, position);
            items.Add(text);
        }

        return items;
    }

    /// <summary>A list of objects, one reader each; empty when missing or null.</summary>
    public IReadOnlyList<FieldReader> Objects(string name, int maxItems)
    {
        if (Find(name) is not { } list)
            return [];
        if (list.ValueKind != JsonValueKind.Array)
        {
            Add(ValidationErrorType.ListType, "Input should be a list of objects", name);
            return [];
        }

        if (list.GetArrayLength() > maxItems)
        {
            Add(ValidationErrorType.ValueError, $"List should have at most {maxItems} items", name);
            return [];
        }

        var items = new List<FieldReader>();
        var position = 0;
        foreach (var item in list.EnumerateArray())
        {
            var at = (position++).ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (item.ValueKind == JsonValueKind.Object)
                items.Add(new FieldReader(item, [.. _location, name, at], _errors));
            else
                Add(ValidationErrorType.ObjectType, "Input should be an object", name, at);
        }

        return items;
    }

    /// <summary>A number from 0 to 1; null when missing, null or, with an error, something else.</summary>
    public double? OptionalShare(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var share) && share is >= 0 and <= 1)
            return share;
        Add(ValidationErrorType.ValueError, "Input should be a number from 0 to 1", name);
        return null;
    }

    /// <summary>An object taken as it is; null when missing, null or, with an error, no object.</summary>
    public JsonElement? OptionalElement(string name) => OptionalObject(name)?._object;

    public void Add(string type, string message, params ReadOnlySpan<string> field) =>
        _errors.Add(new ValidationError { Type = type, Loc = [.. _location, .. field], Msg = message });

    private JsonElement? Find(string name) =>
        _object.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private string? Text(JsonElement value, params ReadOnlySpan<string> field)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Add(ValidationErrorType.StringType, "Input should be a valid string", field);
            return null;
        }

        if (TryDecode(value, out var text) && FreeText.IsStorable(text))
            return text;
        Add(ValidationErrorType.ValueError, "String should not hold U+0000 or half of a surrogate pair", field);
        return null;
    }

    private static bool TryDecode(JsonElement value, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = value.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            // The one thing a well-formed text in valid UTF-8 can still hold that is no string: an escaped half of a pair.
            text = null;
            return false;
        }
    }
}
