using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Body of <c>POST /register-peer</c> (wire.md §9.2).</summary>
public sealed record RegisterPeerRequest
{
    /// <summary>The Session Binding Token: an object of eight fields, or a compact string.</summary>
    [JsonPropertyName("sbt")]
    public required JsonElement Sbt { get; init; }

    [JsonPropertyName("peer_backend_id")]
    public required string PeerBackendId { get; init; }

    /// <summary>PEM SubjectPublicKeyInfo.</summary>
    [JsonPropertyName("peer_public_key")]
    public required string PeerPublicKey { get; init; }

    /// <summary>At most 32 of at most 64 characters.</summary>
    [JsonPropertyName("peer_capabilities")]
    public required IReadOnlyList<string> PeerCapabilities { get; init; }

    /// <summary>Needed unless the receiver lists the peer in its settings.</summary>
    [JsonPropertyName("pairing_proof")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PairingProof { get; init; }
}

/// <summary>A Session Binding Token in its object form; all strings.</summary>
public sealed record SbtObject
{
    /// <summary><c>sbt_</c> and 16 hexadecimal digits.</summary>
    [JsonPropertyName("sbt_id")]
    public required string SbtId { get; init; }

    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    /// <summary>1–128 characters, for the audit.</summary>
    [JsonPropertyName("session_id")]
    public required string SessionId { get; init; }

    /// <summary>The issuer.</summary>
    [JsonPropertyName("local_backend_id")]
    public required string LocalBackendId { get; init; }

    /// <summary>The addressee.</summary>
    [JsonPropertyName("hosted_backend_id")]
    public required string HostedBackendId { get; init; }

    [JsonPropertyName("created_at")]
    public required string CreatedAt { get; init; }

    [JsonPropertyName("expires_at")]
    public required string ExpiresAt { get; init; }

    /// <summary>Third part of the compact form.</summary>
    [JsonPropertyName("signature")]
    public required string Signature { get; init; }
}

/// <summary>Answer of <c>POST /register-peer</c>; signed by the receiver.</summary>
public sealed record RegisterPeerResponse
{
    [JsonPropertyName("status")]
    public string Status { get; init; } = "registered";

    [JsonPropertyName("sbt_id")]
    public required string SbtId { get; init; }

    [JsonPropertyName("peer_backend_id")]
    public required string PeerBackendId { get; init; }

    /// <summary>The receiver's own.</summary>
    [JsonPropertyName("backend_id")]
    public required string BackendId { get; init; }

    /// <summary>The receiver's own, PEM.</summary>
    [JsonPropertyName("public_key")]
    public required string PublicKey { get; init; }

    [JsonPropertyName("capabilities")]
    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>Whose conversations go both ways; <c>*</c> for everybody's.</summary>
    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }
}
