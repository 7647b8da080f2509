using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Answer of <c>DELETE /conversations/{id}</c> (wire.md §4); again: the same one.</summary>
public sealed record EraseReceipt
{
    [JsonPropertyName("status")]
    public string Status { get; init; } = "erased";

    [JsonPropertyName("conversation_id")]
    public required string ConversationId { get; init; }

    /// <summary>Of the erasure.</summary>
    [JsonPropertyName("operation_id")]
    public required string OperationId { get; init; }

    [JsonPropertyName("messages_erased")]
    public required int MessagesErased { get; init; }
}

/// <summary>Answer of <c>DELETE /users/{user_id}</c> (wire.md §4). Each call is an erasure of its own: it also covers what was written since the last.</summary>
public sealed record UserEraseReceipt
{
    [JsonPropertyName("status")]
    public string Status { get; init; } = "erased";

    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    /// <summary>Of the erasure.</summary>
    [JsonPropertyName("operation_id")]
    public required string OperationId { get; init; }

    [JsonPropertyName("conversations_erased")]
    public required int ConversationsErased { get; init; }
}
