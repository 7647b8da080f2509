using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>All that a backend keeps of its pairings: content of <c>peers.json</c> in the state root.</summary>
public sealed record PeerStateRecord
{
    public const int CurrentFormat = 1;

    [JsonPropertyName("format")]
    public int Format { get; init; } = CurrentFormat;

    [JsonPropertyName("peers")]
    public required IReadOnlyList<PeerRecord> Peers { get; init; }

    [JsonPropertyName("invites")]
    public required IReadOnlyList<InviteRecord> Invites { get; init; }

    [JsonPropertyName("sbts")]
    public required IReadOnlyList<UsedSbtRecord> Sbts { get; init; }

    /// <summary>What owners did by command and no running backend has accounted for yet, oldest first. Null: none.</summary>
    [JsonPropertyName("acts")]
    public IReadOnlyList<OwnerActRecord>? Acts { get; init; }
}

/// <summary>Something an owner did by command, for the audit of the next backend that looks. Without codes and users.</summary>
public sealed record OwnerActRecord
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("at")]
    public required DateTimeOffset At { get; init; }

    /// <summary>An event's name of wire.md §11.</summary>
    [JsonPropertyName("event")]
    public required string Event { get; init; }

    /// <summary>A backend id.</summary>
    [JsonPropertyName("subject")]
    public required string Subject { get; init; }

    /// <summary>The command.</summary>
    [JsonPropertyName("command")]
    public required string Command { get; init; }
}

/// <summary>One paired backend, as it is kept.</summary>
public sealed record PeerRecord
{
    [JsonPropertyName("backend_id")]
    public required string BackendId { get; init; }

    /// <summary>Base64 of the DER SubjectPublicKeyInfo.</summary>
    [JsonPropertyName("public_key")]
    public required string PublicKey { get; init; }

    [JsonPropertyName("capabilities")]
    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>A user id, or <c>*</c>.</summary>
    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    /// <summary>Where it is reached; null for one that only calls.</summary>
    [JsonPropertyName("url")]
    public string? Url { get; init; }

    [JsonPropertyName("registered_at")]
    public required DateTimeOffset RegisteredAt { get; init; }

    [JsonPropertyName("last_sync_at")]
    public DateTimeOffset? LastSyncAt { get; init; }

    /// <summary><c>active</c>, <c>suspended</c> or <c>removed</c>; the last for a peer that the settings go on listing.</summary>
    [JsonPropertyName("state")]
    public required string State { get; init; }

    /// <summary>Why it is not active.</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    /// <summary>The own id by which the peer knows this backend; null: the current one.</summary>
    [JsonPropertyName("own_id")]
    public string? OwnId { get; init; }

    /// <summary>A key that the peer announced, signed with its present one, and that no owner has confirmed yet.</summary>
    [JsonPropertyName("successor")]
    public PeerKeyRecord? Successor { get; init; }

    /// <summary>The key before a confirmed change; accepted until its time.</summary>
    [JsonPropertyName("previous")]
    public PeerKeyRecord? Previous { get; init; }
}

/// <summary>A further key of a peer.</summary>
public sealed record PeerKeyRecord
{
    [JsonPropertyName("backend_id")]
    public required string BackendId { get; init; }

    /// <summary>Base64 of the DER SubjectPublicKeyInfo.</summary>
    [JsonPropertyName("public_key")]
    public required string PublicKey { get; init; }

    /// <summary>When it was announced, or until when it is accepted.</summary>
    [JsonPropertyName("at")]
    public required DateTimeOffset At { get; init; }
}

/// <summary>An open invitation. The secret is the key of the joiner's proof, so it is kept as it is, for ten minutes.</summary>
public sealed record InviteRecord
{
    [JsonPropertyName("secret")]
    public required string Secret { get; init; }

    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    [JsonPropertyName("expires_at")]
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A Session Binding Token that was accepted once.</summary>
public sealed record UsedSbtRecord
{
    [JsonPropertyName("sbt_id")]
    public required string SbtId { get; init; }

    [JsonPropertyName("kept_until")]
    public required DateTimeOffset KeptUntil { get; init; }
}
