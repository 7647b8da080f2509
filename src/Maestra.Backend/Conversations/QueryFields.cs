using System.Globalization;
using ConversationHub.Contracts;
using Maestra.Backend.Http;
using Microsoft.Extensions.Primitives;

namespace Maestra.Backend.Conversations;

/// <summary>Reads the fields of a query string and collects every mistake.</summary>
internal sealed class QueryFields(IQueryCollection query)
{
    private readonly List<ValidationError> _errors = [];

    public IReadOnlyList<ValidationError> Errors => _errors;

    public UserId? User(string name)
    {
        if (Single(name) is not { } text)
            return null;
        if (UserId.TryParse(text, out var user))
            return user;
        Add(ValidationErrorType.StringPatternMismatch, name, $"String should be 1 to {UserId.MaxLength} characters without control characters");
        return null;
    }

    public SurfaceId? Surface(string name)
    {
        if (Single(name) is not { } text)
            return null;
        if (SurfaceId.TryParse(text, out var surface))
            return surface;
        Add(ValidationErrorType.StringPatternMismatch, name, $"String should be 1 to {SurfaceId.MaxLength} characters without control characters");
        return null;
    }

    public OperationId? MessageId(string name)
    {
        if (Single(name) is not { } text)
            return null;
        if (OperationId.TryParse(text, out var id))
            return id;
        Add(ValidationErrorType.StringPatternMismatch, name, "String should be the id of a message, a UUID of 36 characters");
        return null;
    }

    public int Integer(string name, int fallback, int max)
    {
        if (Single(name) is not { } text)
            return fallback;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= max)
            return number;
        Add(ValidationErrorType.IntRange, name, $"Input should be a whole number from 1 to {max}");
        return fallback;
    }

    public string Choice(string name, string fallback, params string[] choices)
    {
        if (Single(name) is not { } text)
            return fallback;
        if (choices.Contains(text, StringComparer.Ordinal))
            return text;
        Add(ValidationErrorType.LiteralError, name, "Input should be " + string.Join(" or ", choices.Select(choice => $"'{choice}'")));
        return fallback;
    }

    public string? Text(string name, int maxCharacters)
    {
        var text = Single(name);
        if (text is null || FreeText.CountCodePoints(text) <= maxCharacters)
            return text;
        Add(ValidationErrorType.StringTooLong, name, $"String should have at most {maxCharacters} characters");
        return null;
    }

    /// <summary>A time as wire.md §1.1 reads it.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Single(name) is not { } text)
            return null;
        if (WireTime.TryParse(text, out var time))
            return time;
        Add(ValidationErrorType.ValueError, name, "Input should be an ISO 8601 time such as 2026-01-05T09:30:00Z; a + in an address is written %2B");
        return null;
    }

    public void Add(string type, string name, string message) =>
        _errors.Add(new ValidationError { Type = type, Loc = [ErrorLocation.Query, name], Msg = message });

    /// <summary>Null when the field is missing or empty.</summary>
    private string? Single(string name)
    {
        var values = query[name];
        if (values.Count > 1)
            Add(ValidationErrorType.DuplicateKey, name, "Field should stand once");
        return StringValues.IsNullOrEmpty(values) ? null : values[0];
    }
}
