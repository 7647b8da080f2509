using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>Body of <c>POST /sync</c> (wire.md §9.4).</summary>
public sealed record SyncRequest
{
    /// <summary><c>sync_</c> and 16 hexadecimal digits.</summary>
    [JsonPropertyName("sync_id")]
    public required string SyncId { get; init; }

    [JsonPropertyName("source_backend_id")]
    public required string SourceBackendId { get; init; }

    [JsonPropertyName("target_backend_id")]
    public required string TargetBackendId { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Null: a caller of the earlier system, which has no vectors.</summary>
    [JsonPropertyName("have")]
    public IReadOnlyDictionary<string, long>? Have { get; init; }

    [JsonPropertyName("tombstones")]
    public IReadOnlyList<SyncTombstone>? Tombstones { get; init; }

    [JsonPropertyName("conversations")]
    public required IReadOnlyList<SyncConversation> Conversations { get; init; }

    /// <summary>Places in streams whose operations their owner keeps (decision 45).</summary>
    [JsonPropertyName("withheld")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SyncPlace>? Withheld { get; init; }

    /// <summary>
    /// Of whom the sender takes operations, where its own settings limit that within the pairing; null: of all users of the pairing.
    /// Of others nothing need be sent: it would be passed over.
    /// </summary>
    [JsonPropertyName("users")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Users { get; init; }

    /// <summary>So many operations in the answer and no more; null: as many as a batch may hold. A caller to whom large answers do not come through says so.</summary>
    [JsonPropertyName("at_most")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? AtMost { get; init; }

    /// <summary>The sender has more; another round follows at once.</summary>
    [JsonPropertyName("more")]
    public bool More { get; init; }
}

/// <summary>Answer of <c>POST /sync</c> (200).</summary>
public sealed record SyncResponse
{
    public const string Synced = "synced";

    /// <summary>Not on the wire: the two do not hold the same, as the digest in a frame said (decision 62).</summary>
    public const string Differs = "differs";

    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("sync_id")]
    public required string SyncId { get; init; }

    [JsonPropertyName("conversations_received")]
    public required int ConversationsReceived { get; init; }

    [JsonPropertyName("conversations_merged")]
    public required int ConversationsMerged { get; init; }

    [JsonPropertyName("conversations_updated")]
    public required int ConversationsUpdated { get; init; }

    [JsonPropertyName("conversations_skipped")]
    public required int ConversationsSkipped { get; init; }

    [JsonPropertyName("operations_applied")]
    public required int OperationsApplied { get; init; }

    [JsonPropertyName("source_backend_id")]
    public required string SourceBackendId { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Once the caller's batch is durable.</summary>
    [JsonPropertyName("have")]
    public required IReadOnlyDictionary<string, long> Have { get; init; }

    [JsonPropertyName("tombstones")]
    public required IReadOnlyList<SyncTombstone> Tombstones { get; init; }

    [JsonPropertyName("conversations")]
    public required IReadOnlyList<SyncConversation> Conversations { get; init; }

    [JsonPropertyName("withheld")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SyncPlace>? Withheld { get; init; }

    /// <inheritdoc cref="SyncRequest.Users"/>
    [JsonPropertyName("users")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Users { get; init; }

    [JsonPropertyName("more")]
    public required bool More { get; init; }

    /// <summary>Newest version of the frames that the sender takes (decision 62); null: none.</summary>
    [JsonPropertyName("frames")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Frames { get; init; }
}

/// <summary>An erasure; sent before any content, out of turn.</summary>
public sealed record SyncTombstone
{
    [JsonPropertyName("op_id")]
    public required string OpId { get; init; }

    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    /// <summary>Null in the erasure of a user.</summary>
    [JsonPropertyName("conversation_id")]
    public required string? ConversationId { get; init; }

    /// <summary><c>conversation</c> or <c>user</c>.</summary>
    [JsonPropertyName("scope")]
    public required string Scope { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    [JsonPropertyName("origin")]
    public required string Origin { get; init; }

    [JsonPropertyName("seq")]
    public required long Seq { get; init; }

    [JsonPropertyName("hlc")]
    public required string Hlc { get; init; }
}

/// <summary>A place in a stream, without what stands there.</summary>
public sealed record SyncPlace
{
    [JsonPropertyName("op_id")]
    public required string OpId { get; init; }

    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    [JsonPropertyName("origin")]
    public required string Origin { get; init; }

    [JsonPropertyName("seq")]
    public required long Seq { get; init; }

    [JsonPropertyName("hlc")]
    public required string Hlc { get; init; }
}

/// <summary>Operations of one conversation. Title and times are for readers; the operations decide.</summary>
public sealed record SyncConversation
{
    [JsonPropertyName("conversation_id")]
    public required string ConversationId { get; init; }

    /// <summary>Owner. Absent in the earlier system's payload.</summary>
    [JsonPropertyName("user_id")]
    public string? UserId { get; init; }

    [JsonPropertyName("title")]
    public string? Title { get; init; }

    [JsonPropertyName("created_at")]
    public DateTimeOffset? CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public DateTimeOffset? UpdatedAt { get; init; }

    [JsonPropertyName("messages")]
    public required IReadOnlyList<SyncMessage> Messages { get; init; }

    [JsonPropertyName("fields")]
    public IReadOnlyList<SyncField>? Fields { get; init; }
}

/// <summary>A message operation. One of the earlier system has no origin, number and clock.</summary>
public sealed record SyncMessage
{
    [JsonPropertyName("message_id")]
    public string? MessageId { get; init; }

    [JsonPropertyName("role")]
    public required string Role { get; init; }

    /// <summary>Empty in a stub.</summary>
    [JsonPropertyName("content")]
    public required string Content { get; init; }

    [JsonPropertyName("timestamp")]
    public DateTimeOffset? Timestamp { get; init; }

    [JsonPropertyName("source_backend")]
    public string? SourceBackend { get; init; }

    [JsonPropertyName("origin")]
    public string? Origin { get; init; }

    [JsonPropertyName("seq")]
    public long? Seq { get; init; }

    [JsonPropertyName("hlc")]
    public string? Hlc { get; init; }

    [JsonPropertyName("surface")]
    public string? Surface { get; init; }

    [JsonPropertyName("mode")]
    public string? Mode { get; init; }

    [JsonPropertyName("meta")]
    public MessageMeta? Meta { get; init; }

    [JsonPropertyName("fingerprint")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Fingerprint { get; init; }

    [JsonPropertyName("erased")]
    public bool Erased { get; init; }
}

/// <summary>A field operation.</summary>
public sealed record SyncField
{
    [JsonPropertyName("op_id")]
    public required string OpId { get; init; }

    /// <summary>Empty in a stub.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("value")]
    public JsonElement? Value { get; init; }

    [JsonPropertyName("timestamp")]
    public required DateTimeOffset Timestamp { get; init; }

    [JsonPropertyName("origin")]
    public required string Origin { get; init; }

    [JsonPropertyName("seq")]
    public required long Seq { get; init; }

    [JsonPropertyName("hlc")]
    public required string Hlc { get; init; }

    [JsonPropertyName("erased")]
    public bool Erased { get; init; }
}
