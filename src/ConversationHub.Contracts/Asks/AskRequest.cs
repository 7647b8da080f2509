using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Body of <c>POST /api/maestra/core</c> as it is sent (wire.md §2). Null fields are written, so that the form is always the same.</summary>
public sealed record AskRequest
{
    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    [JsonPropertyName("surface_id")]
    public required string SurfaceId { get; init; }

    /// <summary>Null: the backend makes one from the operation id.</summary>
    [JsonPropertyName("conversation_id")]
    public string? ConversationId { get; init; }

    /// <summary>1–262,144 bytes of UTF-8, not only white space.</summary>
    [JsonPropertyName("message")]
    public required string Message { get; init; }

    [JsonPropertyName("mode_hint")]
    public string? ModeHint { get; init; }

    [JsonPropertyName("surface_context")]
    public SurfaceContext? SurfaceContext { get; init; }
}
