using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Body of <c>POST /api/maestra/advisor/ask</c> as it is sent (wire.md §3).</summary>
public sealed record LegacyAskRequest
{
    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    /// <summary>Becomes the conversation id.</summary>
    [JsonPropertyName("session_id")]
    public required string SessionId { get; init; }

    [JsonPropertyName("question")]
    public required string Question { get; init; }

    /// <summary><c>quick</c> or <c>deep</c>.</summary>
    [JsonPropertyName("mode")]
    public required string Mode { get; init; }

    /// <summary>Up to 32 of 1,024 characters.</summary>
    [JsonPropertyName("context_hints")]
    public IReadOnlyList<string> ContextHints { get; init; } = [];

    /// <summary>Given to the model, never stored.</summary>
    [JsonPropertyName("client_context")]
    public JsonElement? ClientContext { get; init; }
}

/// <summary>The two values of <c>mode</c> in a legacy question.</summary>
public static class LegacyMode
{
    public const string Quick = "quick";

    /// <summary>The same synchronous path with the larger budget.</summary>
    public const string Deep = "deep";
}
