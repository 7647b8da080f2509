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

    /// <summary>
    /// With a challenge that comes from the same machine only (an addition to wire.md §9.1): the backend's own end of the connection
    /// that the request came by, as <see cref="ConnectionEnd"/> writes it.
    /// </summary>
    [JsonPropertyName("connection")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Connection { get; init; }

    /// <summary>
    /// Base64url of the key's signature over <c>maestra-identity-v2</c>, backend id, challenge and <see cref="Connection"/>, so that
    /// the proof of one backend is none for a service that only passes it on.
    /// </summary>
    [JsonPropertyName("connection_proof")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ConnectionProof { get; init; }
}
