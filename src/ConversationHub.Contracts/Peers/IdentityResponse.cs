using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Answer of <c>GET /identity</c> (wire.md §9.1).</summary>
public sealed record IdentityResponse
{
    [JsonPropertyName("backend_id")]
    public required string BackendId { get; init; }

    /// <summary><c>local</c> or <c>hosted</c>.</summary>
    [JsonPropertyName("backend_type")]
    public required string BackendType { get; init; }

    /// <summary>PEM SubjectPublicKeyInfo.</summary>
    [JsonPropertyName("public_key")]
    public required string PublicKey { get; init; }

    [JsonPropertyName("capabilities")]
    public required IReadOnlyList<string> Capabilities { get; init; }

    [JsonPropertyName("version")]
    public string Version { get; init; } = "1.0";

    /// <summary>Of the key.</summary>
    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>With a challenge only: base64url of the key's signature over <c>maestra-identity-v1</c>, backend id and challenge.</summary>
    [JsonPropertyName("proof")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Proof { get; init; }
}
