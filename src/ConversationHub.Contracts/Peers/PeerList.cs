using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Answer of <c>GET /peers</c> (wire.md §9.2). Never holds a token.</summary>
public sealed record PeerList
{
    [JsonPropertyName("peers")]
    public required IReadOnlyList<PeerEntry> Peers { get; init; }
}

/// <summary>A paired backend as its owner sees it.</summary>
public sealed record PeerEntry
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

    /// <summary>The user whose conversations go both ways; <c>*</c> for everybody's.</summary>
    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    [JsonPropertyName("registered_at")]
    public required DateTimeOffset RegisteredAt { get; init; }

    [JsonPropertyName("last_sync_at")]
    public DateTimeOffset? LastSyncAt { get; init; }

    /// <summary><c>active</c> or <c>suspended</c>.</summary>
    [JsonPropertyName("state")]
    public required string State { get; init; }
}
