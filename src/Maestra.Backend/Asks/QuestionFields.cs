using System.Text;
using ConversationHub.Contracts;

namespace Maestra.Backend.Asks;

/// <summary>The fields that several endpoints share, each with its rule (wire.md §1.1, §1.2).</summary>
internal static class QuestionFields
{
    public static UserId User(FieldReader fields, string name, string? text)
    {
        if (text is null)
            return default;
        if (text.Length == 0)
            fields.Add(ValidationErrorType.StringTooShort, "String should have at least 1 character", name);
        else if (FreeText.CountCodePoints(text) > UserId.MaxLength)
            fields.Add(ValidationErrorType.StringTooLong, $"String should have at most {UserId.MaxLength} characters", name);
        else if (!UserId.TryParse(text, out var user))
            fields.Add(ValidationErrorType.StringPatternMismatch, "String should not hold control characters", name);
        else
            return user;
        return default;
    }

    public static SurfaceId Surface(FieldReader fields, string name, string? text)
    {
        if (text is null)
            return default;
        if (text.Length == 0)
            fields.Add(ValidationErrorType.StringTooShort, "String should have at least 1 character", name);
        else if (FreeText.CountCodePoints(text) > SurfaceId.MaxLength)
            fields.Add(ValidationErrorType.StringTooLong, $"String should have at most {SurfaceId.MaxLength} characters", name);
        else if (!SurfaceId.TryParse(text, out var surface))
            fields.Add(ValidationErrorType.StringPatternMismatch, "String should not hold control characters", name);
        else
            return surface;
        return default;
    }

    /// <summary>Null when none was sent: absent, null and empty mean the same.</summary>
    public static ConversationId? Conversation(FieldReader fields, string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (ConversationId.TryParse(text, out var id))
            return id;
        fields.Add(ValidationErrorType.StringPatternMismatch, $"String should be {ConversationId.Rule}", name);
        return null;
    }

    public static string Message(FieldReader fields, string name, string? text)
    {
        if (text is null)
            return "";
        if (text.Length == 0)
            fields.Add(ValidationErrorType.StringTooShort, "String should have at least 1 character", name);
        else if (Encoding.UTF8.GetByteCount(text) > WireLimits.MessageBytes)
            fields.Add(ValidationErrorType.StringTooLong, $"String should have at most {WireLimits.MessageBytes} bytes of UTF-8", name);
        else if (string.IsNullOrWhiteSpace(text))
            fields.Add(ValidationErrorType.ValueError, "String should not be only white space", name);
        return text;
    }

    public static string? ModeHint(FieldReader fields, string name)
    {
        var hint = fields.OptionalCharacters(name, WireLimits.ModeHintCharacters);
        if (hint == WireFormat.ErrorMode)
            fields.Add(ValidationErrorType.ValueError, "The mode 'error' is how older backends report failures; it cannot be asked for", name);
        return hint;
    }
}
