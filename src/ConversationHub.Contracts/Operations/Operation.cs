using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>
/// One immutable operation, as a line of the log holds it after its checksum (wire.md §10.1).
/// The state of a conversation is the set of its operations.
/// </summary>
public sealed record Operation
{
    public const int CurrentFormat = 1;

    [JsonPropertyName("v")]
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>UUID; for a question the operation id of the ask.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>One of <see cref="OperationKind"/>.</summary>
    [JsonPropertyName("kind")]
    public required string Kind { get; init; }

    /// <summary>Owner of the conversation.</summary>
    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    /// <summary>Null only in the erasure of a user.</summary>
    [JsonPropertyName("conversation_id")]
    public required string? ConversationId { get; init; }

    /// <summary><c>{backend id}~{8 hex}</c>: one stream of operations.</summary>
    [JsonPropertyName("origin")]
    public required string Origin { get; init; }

    /// <summary>From 1, without a gap within an origin.</summary>
    [JsonPropertyName("seq")]
    public required long Seq { get; init; }

    /// <summary>Hybrid logical clock: 12 hex digits of Unix milliseconds, 4 of a counter.</summary>
    [JsonPropertyName("hlc")]
    public required string Hlc { get; init; }

    /// <summary>By kind a <see cref="MessageBody"/>, <see cref="FieldBody"/> or <see cref="EraseBody"/>; once compacted <c>{"erased":true}</c>.</summary>
    [JsonPropertyName("body")]
    public required JsonElement Body { get; init; }
}

/// <summary>Values of <see cref="Operation.Kind"/>.</summary>
public static class OperationKind
{
    public const string Message = "message";
    public const string Field = "field";
    public const string Erase = "erase";
}

/// <summary>Body of a message operation.</summary>
public sealed record MessageBody
{
    /// <summary>One of <see cref="MessageRole"/>.</summary>
    [JsonPropertyName("role")]
    public required string Role { get; init; }

    [JsonPropertyName("content")]
    public required string Content { get; init; }

    [JsonPropertyName("surface")]
    public required string Surface { get; init; }

    [JsonPropertyName("mode")]
    public required string? Mode { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    [JsonPropertyName("meta")]
    public required MessageMeta Meta { get; init; }

    /// <summary>On questions only: <see cref="QuestionFingerprint"/>.</summary>
    [JsonPropertyName("fingerprint")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Fingerprint { get; init; }
}

/// <summary>Body of a field operation; the last writer by (clock, origin) wins.</summary>
public sealed record FieldBody
{
    /// <summary><c>title</c>, <c>status</c>, <c>tag:{tag}</c> or <c>artifact:{type}:{id}</c>.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("value")]
    public required JsonElement Value { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }
}

/// <summary>Body of an erasure; it wins over everything.</summary>
public sealed record EraseBody
{
    /// <summary><c>conversation</c> or <c>user</c>.</summary>
    [JsonPropertyName("scope")]
    public required string Scope { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }
}
