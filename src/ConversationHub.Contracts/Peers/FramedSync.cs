using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>
/// A request of <c>/sync</c> between two backends that both take frames (decision 62): a <see cref="SyncRequest"/> without what its frame says already.
/// </summary>
public sealed record FramedSyncRequest
{
    /// <inheritdoc cref="SyncRequest.Have"/>
    [JsonPropertyName("have")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, long>? Have { get; init; }

    /// <summary>In place of <see cref="Have"/>, where the receiver probably holds the same once it has taken this: a digest of it.</summary>
    [JsonPropertyName("equal_to")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EqualTo { get; init; }

    [JsonPropertyName("tombstones")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SyncTombstone>? Tombstones { get; init; }

    [JsonPropertyName("conversations")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SyncConversation>? Conversations { get; init; }

    [JsonPropertyName("withheld")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SyncPlace>? Withheld { get; init; }

    [JsonPropertyName("users")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Users { get; init; }

    [JsonPropertyName("at_most")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? AtMost { get; init; }

    [JsonPropertyName("more")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool More { get; init; }
}

/// <summary>Answer to a <see cref="FramedSyncRequest"/> (200).</summary>
public sealed record FramedSyncResponse
{
    /// <summary>Both hold the same: there is no <see cref="Have"/>. False after a digest that did not fit: the caller asks anew with its vector.</summary>
    [JsonPropertyName("equal")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Equal { get; init; }

    [JsonPropertyName("operations_applied")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int OperationsApplied { get; init; }

    /// <inheritdoc cref="SyncResponse.Have"/>
    [JsonPropertyName("have")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, long>? Have { get; init; }

    [JsonPropertyName("tombstones")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SyncTombstone>? Tombstones { get; init; }

    [JsonPropertyName("conversations")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SyncConversation>? Conversations { get; init; }

    [JsonPropertyName("withheld")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SyncPlace>? Withheld { get; init; }

    [JsonPropertyName("users")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Users { get; init; }

    [JsonPropertyName("more")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool More { get; init; }
}
