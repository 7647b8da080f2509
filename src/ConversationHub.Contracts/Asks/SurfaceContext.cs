using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>What the asker has before them. All may serve the answer; only the first two are stored (wire.md §2).</summary>
public sealed record SurfaceContext
{
    /// <summary>Up to 4,096 characters.</summary>
    [JsonPropertyName("file_path")]
    public string? FilePath { get; init; }

    /// <summary>Up to 4,096 characters.</summary>
    [JsonPropertyName("workspace")]
    public string? Workspace { get; init; }

    /// <summary>Up to 65,536 bytes of UTF-8.</summary>
    [JsonPropertyName("screen_context")]
    public string? ScreenContext { get; init; }

    /// <summary>Up to 8,192 characters.</summary>
    [JsonPropertyName("page_url")]
    public string? PageUrl { get; init; }

    /// <summary>Up to 65,536 bytes of UTF-8.</summary>
    [JsonPropertyName("selection")]
    public string? Selection { get; init; }
}
