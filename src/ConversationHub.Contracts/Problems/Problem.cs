using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Body of every failure (wire.md §7). Never holds a path, a stack, a key or a provider's text.</summary>
public sealed record Problem
{
    /// <summary>A sentence, or for <c>invalid_request</c> the array of <see cref="ValidationError"/>.</summary>
    [JsonPropertyName("detail")]
    public required JsonElement Detail { get; init; }

    /// <summary>One of <see cref="ProblemCode"/>.</summary>
    [JsonPropertyName("code")]
    public required string Code { get; init; }

    [JsonPropertyName("request_id")]
    public required string RequestId { get; init; }

    /// <summary>Told when one is known.</summary>
    [JsonPropertyName("operation_id")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OperationId { get; init; }

    /// <summary>Status code; told only where no status line tells it: in the <c>error</c> event of a stream (wire.md §2.1).</summary>
    [JsonPropertyName("status")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Status { get; init; }

    /// <summary>Seconds; what the header <c>Retry-After</c> tells elsewhere. Only in the <c>error</c> event of a stream (docs/decisions/0021).</summary>
    [JsonPropertyName("retry_after")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RetryAfter { get; init; }
}

/// <summary>One thing wrong with a request, without echoing its input.</summary>
public sealed record ValidationError
{
    /// <summary>One of <see cref="ValidationErrorType"/>.</summary>
    [JsonPropertyName("type")]
    public required string Type { get; init; }

    /// <summary>Starts with <c>body</c>, <c>query</c>, <c>path</c> or <c>header</c>.</summary>
    [JsonPropertyName("loc")]
    public required IReadOnlyList<string> Loc { get; init; }

    [JsonPropertyName("msg")]
    public required string Msg { get; init; }
}

/// <summary>Values of <see cref="ValidationError.Type"/>.</summary>
public static class ValidationErrorType
{
    public const string Missing = "missing";
    public const string StringType = "string_type";
    public const string StringTooShort = "string_too_short";
    public const string StringTooLong = "string_too_long";
    public const string StringPatternMismatch = "string_pattern_mismatch";
    public const string LiteralError = "literal_error";
    public const string ListType = "list_type";
    public const string ObjectType = "object_type";
    public const string IntRange = "int_range";
    public const string JsonInvalid = "json_invalid";
    public const string DuplicateKey = "duplicate_key";
    public const string ValueError = "value_error";
}
